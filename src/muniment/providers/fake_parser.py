"""The ``fake`` parser: plain text with ``# `` headings, no libraries, no processes. For tests and trials."""

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from muniment.errors import DocumentError, UnsupportedFormatError
from muniment.protocols import ParsedFile, Parser, Provider, ProviderContext
from muniment.types import Block, BlockKind, ParsedDocument, Span

_BLANK_LINES = re.compile(r"\n\s*\n")
_HEADING = re.compile(r"(#{1,6}) +(\S.*)", re.DOTALL)


class FakeParserOptions(BaseModel):
    """The fake parser has no options."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FakeParser:
    """Parser of UTF-8 text: paragraphs parted by blank lines, headings led by ``#`` to ``######``."""

    @property
    def version(self) -> str:
        """Name and revision."""
        return "fake-1"

    def form(self, name: str) -> str:
        """Everything is text, whatever it is called."""
        return "text"

    async def parse(self, path: Path, name: str, content_hash: str) -> ParsedFile:
        """See :class:`muniment.protocols.Parser`; ``full`` is the file itself."""
        try:
            data = path.read_bytes()  # noqa: ASYNC240 (small files only)
        except OSError as error:
            raise DocumentError(
                f"{name} cannot be opened: {error.strerror}.", code="document_gone", hint="Ingest it again."
            ) from error
        if not data.strip():
            raise DocumentError(f"{name} is empty.", code="document_empty", hint="Check how it was made.")
        try:
            text = data.decode("utf-8-sig")
            if "\x00" in text:
                raise ValueError("binary data")
        except ValueError as error:
            raise UnsupportedFormatError(
                f"{name} is not UTF-8 text, the only format the fake parser reads.",
                hint="Set parser.provider to docling.",
            ) from error
        return ParsedFile(parse_text(text, content_hash, self.version), data)

    async def aclose(self) -> None:
        """Nothing to stop."""


def parse_text(text: str, content_hash: str, parser: str) -> ParsedDocument:
    """A parsed document of paragraphs and headings; no pages."""
    blocks: list[Block] = []
    parts: list[str] = []
    headings: dict[int, str] = {}
    at = 0
    for paragraph in filter(None, (part.strip() for part in _BLANK_LINES.split(text))):
        match = _HEADING.fullmatch(paragraph)
        kind, level, shown = BlockKind.TEXT, 0, paragraph
        if match:
            kind, level, shown = BlockKind.HEADING, len(match[1]), match[2]
            headings = {known: title for known, title in headings.items() if known < level}
        path = tuple(headings[known] for known in sorted(headings))
        blocks.append(Block(kind, at, at + len(shown), path, level, (Span(at, at + len(shown)),)))
        if match:
            headings[level] = shown
        parts.append(shown)
        at += len(shown) + 2
    title = next((parts[i] for i, block in enumerate(blocks) if block.kind is BlockKind.HEADING), "")
    return ParsedDocument(
        content_hash=content_hash,
        title=title,
        text="\n\n".join(parts),
        blocks=tuple(blocks),
        pages=(),
        parser=parser,
    )


async def create(options: FakeParserOptions, context: ProviderContext) -> Parser:
    """Make the parser."""
    return FakeParser()


PROVIDER: Provider[Parser] = Provider("fake", FakeParserOptions, create)
