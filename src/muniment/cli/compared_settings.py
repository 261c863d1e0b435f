"""Two configurations side by side: each apart from the data it serves, sharing whatever both make alike."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from muniment.errors import InputError
from muniment.settings import ProviderSettings, Settings

HOME = "compare"
"""Below the data directory of the first configuration."""

_SERVER_OF_MILVUS = ("uri", "api_key_env", "api_key_file")


@dataclass(frozen=True, slots=True)
class Apart:
    """A configuration that touches nothing of what it serves.

    ``folder`` is its data directory. Two that index alike have the same, so that the second finds everything
    done; two that only parse alike share the parsed documents.
    """

    settings: Settings
    folder: Path


def apart(settings: Settings, collection: str, home: Path) -> Apart:
    """The configuration with one collection, its index and catalog in a folder of its own under ``home``.

    Raises:
        InputError: code ``not_comparable``: another server filled the collection.
    """
    declared = settings.collections[collection]
    if declared.adopt is not None:
        raise InputError(
            f"Collection {collection!r} is adopted: its index cannot be made anew from documents.",
            code="not_comparable",
            hint="Compare configurations with sources; `muniment evaluate` measures an adopted collection.",
        )
    store = settings.vector_store
    if store.provider == "milvus":
        # A server of theirs must not see what is only tried out.
        options = {key: value for key, value in store.options.items() if key not in _SERVER_OF_MILVUS}
        store = ProviderSettings.model_validate({"provider": "milvus", **options})
    folder = home / _indexed_alike(settings, collection, store)
    changed = settings.model_copy(
        update={
            "data_dir": folder,
            "catalog_uri": None,
            "collections": {collection: declared},
            "vector_store": store,
            "file_store": ProviderSettings.model_validate(
                {"provider": "folder", "path": str(home / "files")}
            ),
        }
    )
    return Apart(changed, folder)


def make_folder(made: Apart, models: Path) -> None:
    """Make the data directory, with the weights that are in ``models``."""
    made.folder.mkdir(parents=True, exist_ok=True)
    link = made.folder / "models"
    if models.is_dir() and not link.exists():
        link.symlink_to(models.resolve(), target_is_directory=True)


def common_collection(first: Settings, second: Settings, named: str | None) -> str:
    """The collection to compare: the one named, or the only one that both declare.

    Raises:
        InputError: code ``collection_required``.
    """
    both = sorted(first.collections.keys() & second.collections.keys())
    if named in both:
        return named
    if named is None and len(both) == 1:
        return both[0]
    raise InputError(
        f"Collection {named!r} is not declared in both configurations."
        if named
        else f"{len(both)} collections are declared in both configurations.",
        code="collection_required",
        hint=f"Name one with --collection: {', '.join(both) or 'none is in both'}.",
    )


def _indexed_alike(settings: Settings, collection: str, store: ProviderSettings) -> str:
    """Changes with everything that an index depends on, and with nothing else."""
    declared = settings.collections[collection]
    model = settings.embedding_models.get(declared.embedding_model)
    made = {
        "collection": collection,
        "sources": [source.model_dump(mode="json") for source in declared.sources],
        "chunking": declared.chunking.model_dump(mode="json"),
        "embedding_model": [declared.embedding_model, model and model.model_dump(mode="json")],
        "parser": settings.parser.model_dump(mode="json"),
        "vector_store": store.provider,
    }
    return sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:12]
