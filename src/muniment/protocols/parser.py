"""From a file to a parsed document."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from muniment.types import ParsedDocument


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A parsed document and the parser's own full form of it (Docling JSON, UTF-8)."""

    document: ParsedDocument
    full: bytes


class Parser(Protocol):
    """Reads files of several formats; safe against files that crash, hang or eat memory."""

    @property
    def version(self) -> str:
        """Name, version and settings that decide the result; parsed documents are kept under it."""

    def form(self, name: str) -> str:
        """What of a name decides how a file's bytes are read, in a word or two: mostly the format.

        Under two names of one form the same bytes give the same document, or fail alike. Asked before the
        file is opened, for every file: it must be quick. Never empty.
        """

    async def parse(self, path: Path, name: str, content_hash: str) -> ParsedFile:
        """Parse the file at ``path``, called ``name`` by people.

        Of the name only its ``form`` decides the result: parsed documents are kept by content and form, and
        found again under other names. A document without a title of its own has none.

        May be called concurrently; runs as many at a time as it has workers.

        Raises:
            DocumentError: the file is damaged, encrypted, empty, over a limit, or its parsing
                crashed or took too long (codes in docs/reference/errors.md).
            UnsupportedFormatError: nothing here reads this kind of file.
        """

    async def aclose(self) -> None:
        """Stop the workers."""
