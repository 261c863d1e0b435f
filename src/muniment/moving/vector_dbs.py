"""Declared vector databases (0.2) and vector stores (0.3) become collections."""

import re
from collections.abc import Mapping

from muniment.moving.environment import Environment, UnsetVariableError
from muniment.moving.models import Models, packaged_name
from muniment.moving.plain import Plain, mapping, text
from muniment.moving.providers import Provider, unset
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig
from muniment.settings.model import DEFAULT_EMBEDDING_MODEL

_KINDS = {"vector_dbs": "vector_db_id", "vector_stores": "vector_store_id"}
_LONGEST_NAME = 63

Collections = dict[str, dict[str, Plain]]


def translate_vector_dbs(
    run: RunConfig,
    providers: Mapping[str, Provider],
    models: Models,
    environment: Environment,
    remarks: Remarks,
) -> tuple[Collections, tuple[str, ...]]:
    """The section ``collections``, and the ids of the vector_io providers that they used."""
    collections: Collections = {}
    used: list[str] = []
    for kind, key in _KINDS.items():
        for entry in run.resources(kind):
            try:
                values = mapping(environment.resolve(entry))
            except UnsetVariableError as error:
                remarks.left(f"{kind}.{text(entry.get(key))}", unset(error))
                continue
            if written := text(values.get(key)):
                _add(collections, f"{kind}.{written}", written, values, providers, models, remarks)
                used.append(text(values.get("provider_id")))
    return collections, tuple(dict.fromkeys(used))


def collection_name(written: str, taken: Mapping[str, object]) -> str:
    """A name that our settings allow and that is not taken."""
    plain = re.sub(r"[^a-z0-9_-]", "_", written.lower()).lstrip("_-")[:_LONGEST_NAME] or "collection"
    name, number = plain, 2
    while name in taken:
        name = f"{plain[: _LONGEST_NAME - len(str(number)) - 1]}_{number}"
        number += 1
    return name


def milvus_name(store_id: str) -> str:
    """The collection that Llama Stack keeps a store in: all but letters, digits and ``_`` is replaced."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", store_id)


def _add(
    collections: Collections,
    what: str,
    written: str,
    values: Mapping[str, Plain],
    providers: Mapping[str, Provider],
    models: Models,
    remarks: Remarks,
) -> None:
    name = collection_name(written, collections)
    model = _embedding_model(what, text(values.get("embedding_model")), models, remarks)
    title = text(values.get("vector_db_name")) or text(values.get("vector_store_name"))
    collections[name] = {**({"description": title} if title else {}), "embedding_model": model}
    remarks.carried(what, f"collections.{name}, with the embedding model {model}.")
    if name != written:
        remarks.changed(
            what, f"Its name became {name}: names here are lower case, of letters, digits, _ and -."
        )
    provider = providers.get(text(values.get("provider_id")))
    kept = (
        text(values.get("provider_vector_db_id")) or text(values.get("provider_vector_store_id")) or written
    )
    _tell_where_vectors_are(what, name, kept, provider, remarks)


def _tell_where_vectors_are(
    what: str, name: str, kept: str, provider: Provider | None, remarks: Remarks
) -> None:
    if provider is not None and provider.type == "remote::milvus":
        remarks.changed(
            what,
            "It starts empty. To search what it held without copying it: "
            f"`muniment adopt {name} --collection {milvus_name(kept)}`, which adds that to its declaration.",
        )
        return
    place = f"the {provider.type} store {provider.id}" if provider else "its store"
    remarks.changed(
        what,
        f"It starts empty: what it held stays in {place}. Give it sources, or upload the documents again.",
    )


def _embedding_model(what: str, written: str, models: Models, remarks: Remarks) -> str:
    name = models.embedding_names.get(written) or packaged_name(written)
    if name is not None:
        return name
    remarks.changed(
        what,
        f"Its embedding model {written or '(none named)'} could not be carried over; "
        f"{DEFAULT_EMBEDDING_MODEL} takes its place.",
    )
    return DEFAULT_EMBEDDING_MODEL
