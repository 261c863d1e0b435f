"""What Muniment itself writes to, as the settings say."""

from pathlib import Path

from muniment.settings.model import Settings


def catalog_uri(settings: Settings) -> str:
    """Where the catalog is: a SQLite file in the data directory unless the settings say otherwise."""
    return settings.catalog_uri or f"sqlite:///{settings.data_dir / 'catalog.db'}"


def own_paths(settings: Settings) -> tuple[Path, ...]:
    """Files and folders that Muniment writes to, which no source below or above them may list.

    What lies in the data directory is named, too: a source may be that directory.
    """
    data_dir = settings.data_dir
    names = (
        "catalog.db",
        "evaluations",
        "files",
        "lock",
        "milvus.db",
        "milvus.db.resident",
        "models",
        "plans",
        "scratch",
    )
    own = [data_dir, *(data_dir / name for name in names)]
    if isinstance(path := settings.file_store.options.get("path"), str):
        own.append(Path(path))
    adopted = [settings.adopted_from(one.adopt) for one in settings.collections.values() if one.adopt]
    for store in (settings.vector_store, *adopted):
        uri = store.options.get("uri")
        if isinstance(uri, str) and "://" not in uri:
            own += [data_dir / uri, data_dir / f"{uri}.resident"]
    catalog = catalog_uri(settings)
    if catalog.startswith("sqlite:///"):
        own.append(Path(catalog.removeprefix("sqlite:///")))
    beside = [path.with_name(path.name + end) for path in own for end in ("-wal", "-shm", "-journal")]
    return (*own, *(path for path in beside if ".db-" in path.name))
