"""Where vectors and the catalog are kept: Milvus and PostgreSQL by address, everything else in data_dir."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from muniment.moving.endpoints import key_variable, without_user
from muniment.moving.environment import Environment
from muniment.moving.plain import Plain, mapping, text
from muniment.moving.providers import Provider, unset
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig

POSTGRES = "postgresql+psycopg"
"""Dialect and driver, as SQLAlchemy writes them."""

_MILVUS_KEYS = ("uri", "secure", "db_path")
_STORES = ("metadata_store", "inference_store", "conversations_store")
_REGISTERED = (
    "What was registered over the API (stores, models, files, agents, prompts) stands in its registry "
    "and not in the run.yaml: register it again, or adopt its Milvus collections."
)


def translate_vector_store(
    providers: Mapping[str, Provider], used: tuple[str, ...], remarks: Remarks
) -> dict[str, Plain]:
    """The section ``vector_store``, empty for the embedded database; one remark for each other store."""
    chosen = _chosen(providers, used)
    for provider in providers.values():
        if provider is not chosen:
            _tell_of_other(provider, chosen, remarks)
    if chosen is None:
        return {}
    if chosen.type == "inline::milvus":
        remarks.changed(
            chosen.what,
            "Milvus stays embedded, in data_dir, with a database of its own: upload the documents again.",
        )
        return {}
    uri = text(chosen.config.get("uri"))
    others = chosen.without(*_MILVUS_KEYS)
    if others:
        remarks.changed(chosen.what, f"Options without a counterpart: {', '.join(others)}.")
    key = key_variable(chosen, remarks)
    address = without_user(uri, chosen, remarks)
    remarks.carried(chosen.what, f"vector_store at {address}.")
    token: dict[str, Plain] = {"api_key_env": key} if key else {}
    return {"provider": "milvus", "uri": address, **token}


def translate_catalog(run: RunConfig, environment: Environment, remarks: Remarks) -> str | None:
    """``catalog_uri`` for a server that keeps its state in PostgreSQL; the password is left to PGPASSWORD."""
    remarks.left("registrations", _REGISTERED)
    for what, backend in _backends(run):
        if "postgres" not in text(backend.get("type")):
            continue
        values, missing = environment.resolve_options(backend)
        if missing:
            remarks.left(what, unset(", ".join(missing.values())))
            continue
        uri = _postgres_uri(values)
        secret = environment.secrets(backend).get("password")
        named = f", which {secret.variable} held," if secret and secret.variable else ""
        remarks.changed(
            what,
            f"catalog_uri at {uri}. The password{named} is not copied: put it into the variable PGPASSWORD. "
            "Muniment makes tables of its own beside those of Llama Stack.",
        )
        return uri
    return None


def _chosen(providers: Mapping[str, Provider], used: tuple[str, ...]) -> Provider | None:
    """The Milvus that declared stores use, else any that is switched on; a server before a file."""
    milvus = [
        provider for provider in providers.values() if provider.kind == "milvus" and _is_usable(provider)
    ]
    milvus.sort(key=lambda provider: (provider.id not in used, provider.type != "remote::milvus"))
    return milvus[0] if milvus else None


def _is_usable(provider: Provider) -> bool:
    uri = text(provider.config.get("uri"))
    return provider.type != "remote::milvus" or "://" in uri or uri.endswith(".db")


def _tell_of_other(provider: Provider, chosen: Provider | None, remarks: Remarks) -> None:
    if not _is_usable(provider):
        missing = provider.unset.get("uri")
        remarks.left(
            provider.what, unset(missing) if missing else "Its uri is no address of a Milvus server."
        )
        return
    place = f"the store {chosen.id}" if chosen else "the embedded Milvus in data_dir"
    remarks.left(
        provider.what,
        f"There is one vector store for all collections: {place} takes the place of {provider.type}.",
    )


def _backends(run: RunConfig) -> Iterator[tuple[str, dict[str, Plain]]]:
    backends = mapping(mapping(run.top.get("storage")).get("backends"))
    # What SQL stores use first: the same database is often named twice.
    for name, backend in sorted(backends.items(), key=lambda pair: not pair[0].startswith("sql")):
        yield f"storage.backends.{name}", mapping(backend)
    for name in _STORES:
        yield name, mapping(run.top.get(name))


def _postgres_uri(values: Mapping[str, Plain]) -> str:
    user, host = text(values.get("user")) or "llamastack", text(values.get("host")) or "localhost"
    port, database = text(values.get("port")) or "5432", text(values.get("db")) or "llamastack"
    return f"{POSTGRES}://{quote(user, safe='')}@{host}:{port}/{quote(database, safe='')}"
