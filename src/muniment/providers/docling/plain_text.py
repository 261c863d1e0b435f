"""Plain text without Docling, which takes a worker most of its start to import and does nothing for it.

What is kept is what Docling would have made of the paragraphs, to the byte.
"""

import json
import re
from collections.abc import Iterator, Sequence

from muniment.protocols import ParsedFile
from muniment.types import Block, BlockKind, ParsedDocument, Span

DOCLING_FORMAT = "1.10.0"
"""Version of the format of Docling's documents that ``full_form`` writes."""

UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
"""What neither UTF-8 nor databases take."""

_BLANK_LINES = re.compile(r"\n[ \t\f]*(?:\n[ \t\f]*)+")


def read_plain(text: str, name: str, *, content_hash: str, parser: str, notes: Sequence[str]) -> ParsedFile:
    """One block for each paragraph; ``name`` is what Docling's document is called."""
    found = list(paragraphs(text))
    document = ParsedDocument(
        content_hash=content_hash,
        title="",
        text=UNWRITABLE.sub("\ufffd", "\n\n".join(map(str.strip, found))),
        blocks=tuple(_blocks(found)),
        pages=(),
        parser=parser,
        notes=tuple(notes),
    )
    return ParsedFile(document, full_form(found, name))


def paragraphs(text: str) -> Iterator[str]:
    """What stands between blank lines."""
    for paragraph in _BLANK_LINES.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        if paragraph.strip():
            yield paragraph.strip("\n\f").rstrip()


def full_form(found: Sequence[str], name: str) -> bytes:
    """Docling's document of these paragraphs, as JSON."""
    texts = [
        {
            "self_ref": f"#/texts/{number}",
            "parent": {"cref": "#/body"},
            "children": [],
            "content_layer": "body",
            "label": "text",
            "prov": [],
            "orig": paragraph,
            "text": paragraph,
        }
        for number, paragraph in enumerate(found)
    ]
    document = {
        "schema_name": "DoclingDocument",
        "version": DOCLING_FORMAT,
        "name": name,
        "furniture": _root("furniture", []),
        "body": _root("body", [{"cref": one["self_ref"]} for one in texts]),
        "groups": [],
        "texts": texts,
        **{kind: [] for kind in ("pictures", "tables", "key_value_items", "form_items")},
        "pages": {},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _blocks(found: Sequence[str]) -> Iterator[Block]:
    start = 0
    for paragraph in found:
        end = start + len(paragraph.strip())
        yield Block(BlockKind.TEXT, start, end, spans=(Span(start, end),))
        start = end + len("\n\n")


def _root(layer: str, children: list[dict[str, object]]) -> dict[str, object]:
    return {
        "self_ref": f"#/{layer}",
        "children": children,
        "content_layer": layer,
        "name": "_root_",
        "label": "unspecified",
    }
