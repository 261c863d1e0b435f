"""Writes a settings file, and never over another without being told to."""

from pathlib import Path

from muniment.errors import ConflictError, StorageError


def write_settings_file(file: Path, text: str, *, force: bool) -> None:
    """Write ``text`` to ``file``.

    Raises:
        ConflictError: code ``file_exists``, unless ``force``.
        StorageError: code ``file_unwritable``.
    """
    try:
        with file.open("w" if force else "x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as error:
        raise ConflictError(
            f"{file} is there already.", code="file_exists", hint="Name another file, or use --force."
        ) from error
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror}.",
            code="file_unwritable",
            hint="Name a file in a folder you may write to.",
        ) from error
