"""Contract tests of parsers. Inherit the class, define the fixtures, and pytest runs the tests."""

import hashlib
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest

from muniment.errors import DocumentError, MunimentError
from muniment.protocols import ParsedFile, Parser
from muniment.types import ParsedDocument, Span


def check_parsed(document: ParsedDocument) -> None:
    """Assert what every parsed document promises, whatever it was made from."""
    before = 0
    for block in document.blocks:
        assert block.start >= before, "blocks are in order and do not overlap"
        assert not document.text[before : block.start].strip(), "all text stands in a block"
        assert document.text[block.start : block.end].strip(), "no block is empty"
        _check_cover(block.spans, block.start, block.end)
        for row in block.rows:
            assert block.start <= row.start < row.end <= block.end, "rows lie within their table"
            _check_cover(row.spans, row.start, row.end)
        before = block.end
    assert not document.text[before:].strip(), "all text stands in a block"
    numbers = [page.number for page in document.pages]
    assert numbers == sorted(set(numbers)), "pages are in order"


def _check_cover(spans: tuple[Span, ...], start: int, end: int) -> None:
    assert spans, "a block says where it stands"
    assert (spans[0].start, spans[-1].end) == (start, end), "spans cover exactly"
    assert all(one.end == other.start for one, other in pairwise(spans)), "without gaps"


class ParserContract:
    """What every parser keeps.

    Define the fixtures ``parser`` (close it afterwards) and ``sample``: (file name, content) of a document
    that the parser can read, whose text holds the word "muniment".
    """

    async def _parse(self, parser: Parser, folder: Path, name: str, content: bytes) -> ParsedFile:
        path = folder / "file"
        path.write_bytes(content)
        return await parser.parse(path, name, hashlib.sha256(content).hexdigest())

    async def test_text_blocks_and_spans_agree(
        self, parser: Parser, sample: tuple[str, bytes], tmp_path: Path
    ) -> None:
        """Text blocks and spans agree."""
        name, content = sample
        parsed = await self._parse(parser, tmp_path, name, content)
        check_parsed(parsed.document)
        assert "muniment" in parsed.document.text.lower()
        assert parsed.document.content_hash == hashlib.sha256(content).hexdigest()
        assert parsed.document.parser == parser.version
        assert parsed.full

    async def test_of_a_name_only_its_form_decides(
        self, parser: Parser, sample: tuple[str, bytes], tmp_path: Path
    ) -> None:
        """Another name of the same form gives the same document; a title comes from the document alone."""
        name, content = sample
        other = f"of/another folder/{PurePosixPath(name).with_stem('quite another name')}"
        assert parser.form(name)
        assert parser.form(other) == parser.form(name)
        first = await self._parse(parser, tmp_path, name, content)
        assert (await self._parse(parser, tmp_path, other, content)).document == first.document

    async def test_the_same_file_gives_the_same_document(
        self, parser: Parser, sample: tuple[str, bytes], tmp_path: Path
    ) -> None:
        """The same file gives the same document."""
        first = await self._parse(parser, tmp_path, *sample)
        second = await self._parse(parser, tmp_path, *sample)
        assert first.document == second.document

    async def test_an_empty_file_is_refused(
        self, parser: Parser, sample: tuple[str, bytes], tmp_path: Path
    ) -> None:
        """An empty file is refused."""
        with pytest.raises(DocumentError) as caught:
            await self._parse(parser, tmp_path, sample[0], b"")
        assert caught.value.code == "document_empty"
        assert caught.value.hint

    async def test_binary_rubbish_is_refused_with_a_hint(
        self, parser: Parser, sample: tuple[str, bytes], tmp_path: Path
    ) -> None:
        """Binary rubbish is refused with a hint."""
        with pytest.raises(MunimentError) as caught:
            await self._parse(parser, tmp_path, sample[0], bytes(range(256)) * 16)
        assert caught.value.hint

    async def test_a_file_that_is_gone_fails_alone(
        self, parser: Parser, sample: tuple[str, bytes], tmp_path: Path
    ) -> None:
        """A file that is gone fails alone."""
        with pytest.raises(DocumentError) as caught:
            await parser.parse(tmp_path / "gone", sample[0], "0" * 64)
        assert caught.value.code == "document_gone"
        assert (await self._parse(parser, tmp_path, *sample)).document.text
