"""Parsed documents as compact JSON bytes and back.

Spans repeat the ranges of their blocks most of the time, so a place is written as
``[start, end, page, left, top, right, bottom]`` with as many numbers as are known.
"""

import json
from typing import Any

from muniment.errors import StorageError
from muniment.types.document import Block, BlockKind, Box, Page, ParsedDocument, Span, TableRow

FORMAT = 1


def encode_parsed(document: ParsedDocument) -> bytes:
    """``document`` as UTF-8 JSON."""
    value = {
        "format": FORMAT,
        "content_hash": document.content_hash,
        "title": document.title,
        "parser": document.parser,
        "notes": document.notes,
        "pages": [(page.number, page.width, page.height) for page in document.pages],
        "blocks": [_from_block(block) for block in document.blocks],
        "text": document.text,
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode_parsed(data: bytes) -> ParsedDocument:
    """The document that :func:`encode_parsed` wrote.

    Raises:
        StorageError: code ``parsed_document_damaged``, when the bytes are not such a document.
    """
    try:
        value = json.loads(data.decode("utf-8", "surrogatepass"))
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}, expected {FORMAT}")
        return ParsedDocument(
            content_hash=value["content_hash"],
            title=value["title"],
            text=value["text"],
            blocks=tuple(_to_block(item) for item in value["blocks"]),
            pages=tuple(Page(*item) for item in value["pages"]),
            parser=value["parser"],
            notes=tuple(value["notes"]),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StorageError(
            f"A kept parsed document cannot be read: {error}.",
            code="parsed_document_damaged",
            hint="Delete it; the document is parsed again from its source.",
        ) from error


def _from_block(block: Block) -> list[Any]:
    rows = [[row.start, row.end, int(row.header), [_from_span(s) for s in row.spans]] for row in block.rows]
    spans = [_from_span(span) for span in block.spans]
    return [block.kind.value, block.start, block.end, block.level, block.headings, spans, rows]


def _to_block(item: list[Any]) -> Block:
    kind, start, end, level, headings, spans, rows = item
    return Block(
        kind=BlockKind(kind),
        start=start,
        end=end,
        headings=tuple(headings),
        level=level,
        spans=tuple(_to_span(span) for span in spans),
        rows=tuple(
            TableRow(row[0], row[1], bool(row[2]), tuple(_to_span(span) for span in row[3])) for row in rows
        ),
    )


def _from_span(span: Span) -> list[float | None]:
    if span.box is not None:
        box = span.box
        return [span.start, span.end, span.page, box.left, box.top, box.right, box.bottom]
    return [span.start, span.end] if span.page is None else [span.start, span.end, span.page]


def _to_span(item: list[Any]) -> Span:
    start, end, *place = item
    return Span(start, end, place[0] if place else None, Box(*place[1:]) if len(place) > 1 else None)
