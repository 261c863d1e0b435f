"""Source: a folder on this machine."""

import asyncio
import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import (
    InputError,
    NotFoundError,
    SettingsError,
    StorageError,
    UnavailableError,
    is_disk_full,
)
from muniment.globs import EXCLUDE, INCLUDE, Selection
from muniment.paths import without_parents
from muniment.protocols import ProviderContext
from muniment.providers.folder_source.walk import walk
from muniment.types import MetadataValue, SourceFile

logger = logging.getLogger(__name__)

_LISTED_AT_ONCE = 2000
"""Files described before the event loop is given back."""


class FolderSourceOptions(BaseModel):
    """A folder and which of its files count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(description="The folder, or a single file; relative to the settings file.")
    include: tuple[str, ...] = Field(default=("*",), description=INCLUDE)
    exclude: tuple[str, ...] = Field(default=(), description=EXCLUDE)
    metadata: dict[str, MetadataValue] = Field(
        default_factory=dict, description="Key/value pairs given to every document, for filters."
    )


class FolderSource:
    """Lists a folder recursively; what a ``.munimentignore`` in it names is left out.

    Symbolic links that lead out of the folder are left out, so that a document can never name
    a file elsewhere on the machine. So is what Muniment itself writes into it: ingested, it would grow with
    every run.

    Args:
        own_paths: what Muniment writes to.
    """

    def __init__(self, options: FolderSourceOptions, own_paths: Sequence[Path] = ()) -> None:
        self._options = options
        # Two ways to write the same folder must not make two documents of each file.
        self._root = without_parents(options.path)
        self._own_paths = own_paths
        self._told = False

    async def check(self) -> None:
        """The folder must exist and be readable."""
        if not self._root.exists():
            raise UnavailableError(
                f"The source folder {str(self._root)!r} does not exist.",
                code="source_unavailable",
                hint="Mend `path` in the collection's sources, or mount the folder. Nothing was removed.",
            )
        if not os.access(self._root, os.R_OK):
            raise UnavailableError(
                f"The source folder {str(self._root)!r} may not be read by this user.",
                code="source_unavailable",
                hint="Give the user read permission on it.",
            )

    async def list(self) -> AsyncIterator[SourceFile]:
        """Every file that counts, by folder and name; reads no contents."""
        await self.check()
        found = self._found()
        while files := await asyncio.to_thread(lambda: list(islice(found, _LISTED_AT_ONCE))):
            for file in files:
                yield file

    async def fetch(self, file: SourceFile, target: Path) -> None:
        """Copy the file's bytes to ``target``."""
        # By URI, not by name: the name shown may have lost bytes that are not UTF-8.
        path = Path(os.fsdecode(unquote_to_bytes(urlsplit(file.uri).path)))
        try:
            await asyncio.to_thread(self._copy, path, target)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"{file.name} disappeared after it was listed.",
                code="source_file_gone",
                hint="If it was moved or deleted on purpose, the next run forgets it.",
            ) from error
        except PermissionError as error:
            raise InputError(
                f"{file.name} may not be read by this user.",
                code="source_file_unreadable",
                hint="Give the user read permission on it, then run again.",
            ) from error
        except OSError as error:
            if is_disk_full(error):
                raise StorageError(
                    f"The disk is full: {file.name} cannot be copied for reading.",
                    code="disk_full",
                    hint="Free some space and run again; what was done is kept.",
                ) from error
            raise InputError(
                f"{file.name} cannot be read: {error.strerror}.",
                code="source_file_unreadable",
                hint="Check the disk or the network folder it lies on, then run again.",
            ) from error

    def holds(self, uri: str) -> bool:
        """Whether it is the file itself, or below the folder."""
        base = self._root.as_uri()
        return uri == base or uri.startswith(f"{base}/")

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def _copy(self, path: Path, target: Path) -> None:
        # Whoever may write into the folder can put a link in a file's place once it has been listed.
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise FileNotFoundError(path)
        shutil.copyfile(path, target)

    def _found(self) -> Iterator[SourceFile]:
        if self._root.is_file():
            yield self._describe(self._root.as_uri(), self._root.name, self._root.stat())
            return
        selection = Selection(self._options.include, self._options.exclude)
        # The same text as Path.as_uri gives, at a fraction of its time.
        base = self._root.as_uri()
        root = self._root.resolve()
        for inside, status in walk(root, selection, self._left_out(root)):
            yield self._describe(f"{base}/{quote_from_bytes(os.fsencode(inside))}", inside, status)

    def _left_out(self, root: Path) -> frozenset[str]:
        """Paths inside the folder that are Muniment's own; said once."""
        own = {path.resolve() for path in self._own_paths}
        found = {path.relative_to(root) for path in own if path != root and path.is_relative_to(root)}
        outermost = (path for path in found if found.isdisjoint(path.parents) and (root / path).exists())
        there = ", ".join(sorted(map(str, outermost)))
        if there and not self._told:
            logger.warning("Left out of the source folder %s, as Muniment's own: %s.", self._root, there)
            self._told = True
        return frozenset(path.as_posix() for path in found)

    def _describe(self, uri: str, inside: str, status: os.stat_result) -> SourceFile:
        return SourceFile(
            uri=uri,
            name=printable(inside),
            size=status.st_size,
            version=f"{status.st_size}-{status.st_mtime_ns}",
            metadata=dict(self._options.metadata),
        )


def printable(name: str) -> str:
    """The name with bytes that are not UTF-8 replaced, so that it can be stored and shown."""
    return name.encode("utf-8", "replace").decode("utf-8")


async def create(options: FolderSourceOptions, context: ProviderContext) -> FolderSource:
    """Make the source."""
    if str(options.path) in ("", "/"):
        raise SettingsError(
            "A folder source needs a folder of its own, not '/'.", hint="Name a folder in `path`."
        )
    return FolderSource(options, context.own_paths)
