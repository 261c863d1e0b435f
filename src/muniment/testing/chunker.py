"""Contract tests of chunkers. Inherit the class, define the fixture, and pytest runs the tests."""

from collections.abc import Sequence

from muniment.protocols import Chunker, Tokenizer
from muniment.types import (
    Block,
    BlockKind,
    Box,
    Chunk,
    ParsedDocument,
    Span,
    TableRow,
    text_of,
)


def document_of(*blocks: tuple[BlockKind, str], title: str = "Title") -> ParsedDocument:
    """A parsed document of (kind, text) pairs; the lines of a table are its rows, the first a header.

    Every block stands on a page of its own; headings are one below the other as they come.
    """
    text, made = "", []
    path: tuple[str, ...] = ()
    for number, block in enumerate(blocks, start=1):
        kind, shown = block
        text += "\n\n" if text else ""
        start = len(text)
        text += shown
        place = Span(start, len(text), number, Box(0, 0, 100, 10 * number))
        rows = _rows(shown, start, number) if kind is BlockKind.TABLE else ()
        made.append(Block(kind, start, len(text), path, len(path) + 1, (place,), rows))
        if kind is BlockKind.HEADING:
            path = (*path, shown)
    return ParsedDocument("0" * 64, title, text, tuple(made), (), "made")


def _rows(shown: str, start: int, page: int) -> tuple[TableRow, ...]:
    rows: list[TableRow] = []
    for number, line in enumerate(shown.split("\n")):
        end = start + len(line)
        rows.append(
            TableRow(start, end, number == 0, (Span(start, end, page, Box(0, number, 9, number + 1)),))
        )
        start = end + 1
    return tuple(rows)


def check_chunks(
    document: ParsedDocument, chunks: Sequence[Chunk], *, tokenizer: Tokenizer, max_tokens: int
) -> None:
    """Assert what every chunker promises about the chunks of any document."""
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    covered = bytearray(len(document.text))
    for chunk in chunks:
        assert chunk.text == text_of(document.text, chunk.spans), "text is exactly the text at its spans"
        assert chunk.text.strip(), "no chunk is empty"
        assert chunk.tokens == len(tokenizer.offsets(chunk.embedding_text))
        assert chunk.tokens <= max_tokens
        for span in chunk.spans:
            assert span.start < span.end
            covered[span.start : span.end] = b"\1" * (span.end - span.start)
            assert _stands(document, span), "a span's page and box are those of the text there"
    lost = [at for at, char in enumerate(document.text) if not char.isspace() and not covered[at]]
    assert not lost, f"text is lost at {lost[:5]}: {document.text[lost[0] - 20 : lost[0] + 20]!r}"


def _stands(document: ParsedDocument, span: Span) -> bool:
    places = [
        place
        for block in document.blocks
        if block.start <= span.start and span.end <= block.end
        for place in (*block.spans, *(place for row in block.rows for place in row.spans))
    ]
    return (
        any(
            place.start <= span.start
            and span.end <= place.end
            and (place.page, place.box) == (span.page, span.box)
            for place in places
        )
        or not places
    )


class ChunkerContract:
    """What every chunker keeps.

    Define the fixtures ``chunker`` and ``tokenizer``, and set ``max_tokens`` to the chunker's limit, which
    must be at least 32.
    """

    max_tokens: int

    def _chunks(self, chunker: Chunker, tokenizer: Tokenizer, document: ParsedDocument) -> list[Chunk]:
        chunks = chunker.chunk(document)
        check_chunks(document, chunks, tokenizer=tokenizer, max_tokens=self.max_tokens)
        return chunks

    def test_an_empty_document_has_no_chunks(self, chunker: Chunker) -> None:
        """An empty document has no chunks."""
        assert chunker.chunk(document_of()) == []

    def test_long_text_is_covered_within_the_limit(self, chunker: Chunker, tokenizer: Tokenizer) -> None:
        """Long text is covered within the limit."""
        sentence = "The archive keeps every deed. "
        document = document_of((BlockKind.HEADING, "Deeds"), (BlockKind.TEXT, sentence * self.max_tokens))
        assert len(self._chunks(chunker, tokenizer, document)) > 1

    def test_a_word_without_end_is_covered(self, chunker: Chunker, tokenizer: Tokenizer) -> None:
        """A word without end is covered."""
        document = document_of((BlockKind.TEXT, "x" * 100 * self.max_tokens))
        assert len(self._chunks(chunker, tokenizer, document)) > 1

    def test_a_long_table_is_covered(self, chunker: Chunker, tokenizer: Tokenizer) -> None:
        """A long table is covered."""
        rows = "\n".join(f"item {number} | {number} euro" for number in range(self.max_tokens))
        self._chunks(chunker, tokenizer, document_of((BlockKind.TABLE, f"name | price\n{rows}")))

    def test_the_same_document_gives_the_same_chunks(self, chunker: Chunker, tokenizer: Tokenizer) -> None:
        """The same document gives the same chunks."""
        document = document_of((BlockKind.HEADING, "One"), (BlockKind.TEXT, "Some words. " * 200))
        assert self._chunks(chunker, tokenizer, document) == chunker.chunk(document)

    def test_the_spec_names_its_settings(self, chunker: Chunker) -> None:
        """The spec names its settings."""
        assert str(self.max_tokens) in chunker.spec
