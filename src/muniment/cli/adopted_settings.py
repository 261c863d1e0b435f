"""The settings file as ``muniment adopt`` changes it: checked before anything is written."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from muniment.api.wire.base import Wire
from muniment.build import check_providers
from muniment.errors import NotFoundError, StorageError
from muniment.moving.declaration import declare_adopted
from muniment.settings import Settings, find_settings_file, load_settings
from muniment.settings.load import DEFAULT_FILE


class AdoptReport(Wire):
    """A collection that was adopted."""

    collection: str
    file: str
    """The settings file that was changed."""
    documents: int
    chunks: int
    cosines: tuple[float, ...]
    """Of sampled chunks, between their text embedded anew and the nearest stored vector."""


@dataclass(frozen=True, slots=True)
class ChangedSettings:
    """A settings file's new text, and the settings it holds."""

    file: Path
    text: str
    settings: Settings


def adopting(
    config: Path | None, name: str, declared: dict[str, str], adopt: dict[str, str]
) -> ChangedSettings:
    """The settings with the collection in them; a file that is not there yet is begun.

    Raises:
        SettingsError: the file, or a name or address given, is wrong.
        ConflictError: code ``collection_exists``.
        NotFoundError: code ``unknown_adopted_collection``: there is no database at the path given.
    """
    file = find_settings_file(config) or Path(DEFAULT_FILE)
    load_settings(file if file.exists() else None)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    place = {**adopt, **_absolute(adopt.get("uri"))}
    text = declare_adopted(before, name, {**declared}, {**place})
    settings = _tried(file, text)
    check_providers(settings)
    return ChangedSettings(file, text, settings)


def replace_file(changed: ChangedSettings) -> None:
    """Write the new text; the file is changed whole or not at all.

    Raises:
        StorageError: code ``file_unwritable``.
    """
    try:
        with NamedTemporaryFile("w", dir=changed.file.parent, delete=False, encoding="utf-8") as part:
            part.write(changed.text)
        if changed.file.exists():
            Path(part.name).chmod(changed.file.stat().st_mode)
        Path(part.name).replace(changed.file)
    except OSError as error:
        raise _unwritable(changed.file, error) from error


def _tried(file: Path, text: str) -> Settings:
    """The settings that the text holds; read from beside the file, so that relative paths mean the same."""
    try:
        with NamedTemporaryFile("w", dir=file.parent, suffix=".yaml", encoding="utf-8") as trial:
            trial.write(text)
            trial.flush()
            return load_settings(Path(trial.name))
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{file} cannot be written: {error.strerror}.",
        code="file_unwritable",
        hint="Check the permissions of the file and its folder.",
    )


def _absolute(uri: str | None) -> dict[str, str]:
    """A path as seen from here; in the settings it would be taken from data_dir."""
    if uri is None or "://" in uri:
        return {}
    path = Path(os.path.abspath(Path(uri).expanduser()))  # noqa: PTH100  links are kept
    if path.is_file():
        raise NotFoundError(
            f"{path} is one file, as Milvus Lite 2 wrote its databases; it cannot be read in place.",
            code="unknown_adopted_collection",
            hint="Load it into a Milvus server, or ingest the documents again.",
        )
    if not path.exists():
        raise NotFoundError(
            f"There is no database {path}.",
            code="unknown_adopted_collection",
            hint="Name the .db of an embedded Milvus, or the address of a server: --uri http://host:19530.",
        )
    return {"uri": str(path)}
