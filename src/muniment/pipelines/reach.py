"""What of the settings here would not work in pods: they share no disk, and ``localhost`` is each of them."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from muniment.pipelines.definition import SecretKey
from muniment.settings import ProviderSettings, Settings

_CATALOG = "MUNIMENT_CATALOG_URI"

_SHARED = "pods would each have one of their own"


def out_of_reach(settings: Settings, collection: str, secrets: Sequence[SecretKey]) -> tuple[str, ...]:
    """Places that pods cannot share or reach, each with what to name instead; empty when there is none.

    Only the settings here can be looked at. Those that pods will get may differ.
    """
    return (
        *_sources(settings, collection),
        *_stores(settings),
        *_catalog(settings.catalog_uri, secrets),
        *(
            f"{where} is at {url}: in a pod that is the pod itself. Name the host as pods reach it."
            for where, url in _loopback(settings, collection)
        ),
    )


def _sources(settings: Settings, collection: str) -> Iterator[str]:
    declared = settings.collections.get(collection)
    for number, source in enumerate(declared.sources if declared else ()):
        if source.provider == "folder":
            yield (
                f"collections.{collection}.sources.{number} is a folder: pods do not see this disk. "
                "Put the documents into a bucket, and name that with provider: s3."
            )


def _stores(settings: Settings) -> Iterator[str]:
    if settings.file_store.provider == "folder":
        yield f"file_store is a folder: {_SHARED}. Name a bucket with provider: s3."
    milvus = settings.vector_store
    if milvus.provider == "milvus" and "://" not in str(milvus.options.get("uri") or ""):
        yield f"vector_store is an embedded Milvus: {_SHARED}. Name a server with uri: http://HOST:19530."


def _catalog(uri: str | None, secrets: Sequence[SecretKey]) -> Iterator[str]:
    if any(key.variable == _CATALOG for key in secrets):
        return
    if uri is None or uri.startswith("sqlite"):
        yield (
            f"The catalog is a SQLite file: {_SHARED}. Put the address of a PostgreSQL into a Secret as "
            f"{_CATALOG}, and name that with --secret."
        )


def _loopback(settings: Settings, collection: str) -> Iterator[tuple[str, str]]:
    """Options of what ingestion uses that lead to the machine they are read on."""
    named: dict[str, ProviderSettings] = {
        "file_store": settings.file_store,
        "vector_store": settings.vector_store,
    }
    declared = settings.collections.get(collection)
    if declared is not None:
        named |= {f"collections.{collection}.sources.{n}": one for n, one in enumerate(declared.sources)}
        model = settings.embedding_models.get(declared.embedding_model)
        named |= {f"embedding_models.{declared.embedding_model}": model} if model else {}
    for where, provider in named.items():
        for key, value in provider.options.items():
            if isinstance(value, str) and _is_loopback(value):
                yield f"{where}.{key}", value


def _is_loopback(value: str) -> bool:
    if "://" not in value:
        return False
    try:
        host = urlsplit(value).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
