"""Walks a folder: one look at every entry, nothing left out unseen."""

import os
from collections.abc import Container, Iterator
from pathlib import Path

from muniment.errors import InputError, MunimentError, UnavailableError
from muniment.globs import Selection
from muniment.providers.folder_source.ignore_files import IGNORE_FILE, IgnoreRules

Found = tuple[str, os.stat_result]
"""A file's path inside the folder, with ``/`` between folders, and its status."""


def walk(root: Path, selection: Selection, left_out: Container[str] = ()) -> Iterator[Found]:
    """Every file below ``root`` that counts: a folder's files by name, then its subfolders by name.

    Symbolic links are followed to files below ``root``, never to folders. Files and folders whose path inside
    ``root`` is ``left_out`` do not count.

    Raises:
        UnavailableError: code ``source_unavailable``: a folder may not be read, so that nobody can say
            what is still in it.
    """
    # A stack and not recursion: folders may lie deeper than Python calls.
    waiting: list[tuple[str, IgnoreRules | None]] = [("", None)]
    while waiting:
        folder, above = waiting.pop()
        entries = _entries(root, folder)
        rules = _rules(root, folder, above) if any(entry.name == IGNORE_FILE for entry in entries) else above
        folders: list[tuple[str, IgnoreRules | None]] = []
        for entry in entries:
            inside = folder + entry.name
            if inside in left_out:
                continue
            if entry.is_dir(follow_symlinks=False):
                ignored = rules is not None and rules.ignores(f"{inside}/")
                if selection.enters(inside) and not ignored:
                    folders.append((f"{inside}/", rules))
            elif selection.counts(inside) and not (rules is not None and rules.ignores(inside)):
                status = _status(entry, root)
                if status is not None:
                    yield inside, status
        waiting += reversed(folders)


def _entries(root: Path, folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        if folder:
            return []  # removed since its parent was read
        raise _unreadable(root, "it is gone") from None
    except OSError as error:
        raise _unreadable(root / folder, error.strerror or str(error)) from error


def _rules(root: Path, folder: str, above: IgnoreRules | None) -> IgnoreRules | None:
    file = root / folder / IGNORE_FILE
    try:
        return IgnoreRules.parse(file.read_text(encoding="utf-8"), folder, above)
    except FileNotFoundError:
        return above
    except OSError as error:
        raise _unreadable(file, error.strerror or str(error)) from error
    except ValueError as error:
        raise InputError(
            f"{str(file)!r} cannot be understood: {error}.",
            code="ignore_file_invalid",
            hint="Write it in UTF-8 and in the syntax of .gitignore: one pattern a line.",
        ) from error


def _status(entry: os.DirEntry[str], root: Path) -> os.stat_result | None:
    """The file's status; None for what is no file, is gone, or leads out of the folder."""
    try:
        if not entry.is_file():
            return None
        if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root):
            return None
        return entry.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        if entry.is_symlink():
            return None  # it leads in a circle, or to where this user may not look
        raise _unreadable(Path(entry.path), error.strerror or str(error)) from error


def _unreadable(path: Path, why: str) -> MunimentError:
    return UnavailableError(
        f"{str(path)!r} cannot be read: {why}.",
        code="source_unavailable",
        hint="Give the user read permission on it, or leave its folder out with `exclude` or in a "
        f"{IGNORE_FILE}. Nothing was removed.",
    )
