"""Where documents come from."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from muniment.types import SourceFile


class Source(Protocol):
    """A place that lists and hands out files."""

    async def check(self) -> None:
        """Try credentials and address; raises MunimentError that says what to do."""

    def list(self) -> AsyncIterator[SourceFile]:
        """Every file, in a stable order; reads no contents.

        Raises:
            UnavailableError: not all files can be listed; what is not listed counts as removed.
        """

    async def fetch(self, file: SourceFile, target: Path) -> None:
        """Copy the file's bytes to ``target``.

        Raises:
            NotFoundError: code ``source_file_gone``, when it disappeared since it was listed.
            DocumentError: code ``source_file_changed``, when its bytes are no longer those listed.
            UnavailableError: the source does not answer.
            StorageError: code ``disk_full``: there is no room for the copy.
        """

    async def aclose(self) -> None:
        """Let go of connections."""


@runtime_checkable
class ScopedSource(Source, Protocol):
    """A source that knows which URIs are its own; not every one does.

    When another source of its collection lists nothing, this one's documents are removed all the same.
    """

    def holds(self, uri: str) -> bool:
        """Whether a file under this URI would be one of this source's, by its address alone."""
