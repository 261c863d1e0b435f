"""From a DoclingDocument to the text that is quoted from and the blocks that say where it stands.

Nothing of the document's body is left out: every text item and table cell is in the text, once.
Running headers and footers, invisible text and reviewers' comments are not.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from docling_core.types.doc import (
    CodeItem,
    ContentLayer,
    DocItem,
    DocItemLabel,
    DoclingDocument,
    FieldHeadingItem,
    FieldItem,
    FloatingItem,
    FormItem,
    GroupItem,
    GroupLabel,
    InlineGroup,
    KeyValueItem,
    ListItem,
    NodeItem,
    PictureItem,
    ProvenanceItem,
    RefItem,
    SectionHeaderItem,
    TableItem,
    TextItem,
    TitleItem,
)

from muniment.providers.docling.places import Piece, page_sizes, pieces_of, place, spans_of
from muniment.providers.docling.plain_text import UNWRITABLE
from muniment.providers.docling.tables import Row, contained_refs, rows_of
from muniment.types import Block, BlockKind, Page, ParsedDocument, Span, TableRow

_KINDS = {
    DocItemLabel.CAPTION: BlockKind.CAPTION,
    DocItemLabel.FOOTNOTE: BlockKind.FOOTNOTE,
    DocItemLabel.CODE: BlockKind.CODE,
    DocItemLabel.FORMULA: BlockKind.FORMULA,
}
_CHECKBOXES = {DocItemLabel.CHECKBOX_SELECTED: "[x]", DocItemLabel.CHECKBOX_UNSELECTED: "[ ]"}
_MARKS = re.compile(r"(\(?[0-9a-zA-Z]{1,4}[.)]|[•◦▪‣·–—*])\s")
_NO_SPACE_BEFORE = tuple(".,;:!?)]}%’”")
_NO_SPACE_AFTER = tuple("([{‘“")


def view(
    document: DoclingDocument, *, content_hash: str, parser: str, notes: Iterable[str] = ()
) -> ParsedDocument:
    """The parsed document: text, blocks in reading order with heading paths, pages and places.

    Heading paths follow docling-core's HierarchicalChunker: a heading shadows those of its level and
    below. A document without a title of its own has none here.
    """
    writer = _Writer(document)
    for item in _walk(document):
        writer.write(item)
    return ParsedDocument(
        content_hash=content_hash,
        title=_title(document, writer.blocks, writer.text),
        text=writer.text,
        blocks=tuple(writer.blocks),
        pages=tuple(Page(number, *size) for number, size in sorted(page_sizes(document).items())),
        parser=parser,
        notes=tuple(notes),
    )


def _walk(document: DoclingDocument) -> Iterator[NodeItem]:
    """Items in reading order, parents first; an own stack, because documents nest deeper than Python does."""
    stack: list[NodeItem] = [document.body]
    seen: set[str] = set()
    while stack:
        item = stack.pop()
        if item.self_ref in seen:
            continue
        seen.add(item.self_ref)
        if item is not document.body:
            if not _wanted(item):
                if not isinstance(item, GroupItem):
                    stack.extend(_children(item, document))
                continue
            yield item
        stack.extend(_children(item, document))


def _children(item: NodeItem, document: DoclingDocument) -> list[NodeItem]:
    """The children that are still to be walked, last first."""
    return [child.resolve(document) for child in reversed(item.children)]


def _wanted(item: NodeItem) -> bool:
    """Whether the item belongs to what is read: the body, its footnotes, and a slide's speaker notes."""
    if item.content_layer == ContentLayer.BODY:
        return not (
            isinstance(item, DocItem) and item.label in (DocItemLabel.PAGE_HEADER, DocItemLabel.PAGE_FOOTER)
        )
    if not isinstance(item, TextItem):
        return False
    if item.content_layer == ContentLayer.NOTES:
        return bool(item.prov)
    return item.content_layer == ContentLayer.FURNITURE and item.label == DocItemLabel.FOOTNOTE


def _title(document: DoclingDocument, blocks: Sequence[Block], text: str) -> str:
    for item in document.texts:
        if isinstance(item, TitleItem) and item.content_layer == ContentLayer.FURNITURE and item.text.strip():
            return " ".join(item.text.split())
    for kind in (BlockKind.TITLE, BlockKind.HEADING):
        for block in blocks:
            if block.kind is kind:
                return " ".join(text[block.start : block.end].split())[:300]
    return ""


@dataclass
class _Writer:
    """Writes items one after the other; each is written once, whoever refers to it."""

    document: DoclingDocument
    blocks: list[Block] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _headings: dict[int, str] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)
    _sizes: dict[int, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sizes = page_sizes(self.document)

    @property
    def text(self) -> str:
        """Everything written so far, blocks parted by a blank line."""
        return "".join(self._parts)

    def write(self, item: NodeItem) -> None:
        """Write one item, with what belongs to it (captions, the runs of a paragraph, a table's cells)."""
        if item.self_ref in self._written:
            return
        self._written.add(item.self_ref)
        if isinstance(item, InlineGroup | FieldItem):
            self._write_pieces(BlockKind.TEXT, self._inline(item))
        elif isinstance(item, GroupItem):
            if item.label == GroupLabel.SHEET:
                self._write_sheet_name(item)
            elif item.label == GroupLabel.CHAPTER:
                # A slide: what stands above one slide's text is not a heading of the next.
                self._headings.clear()
        elif isinstance(item, TableItem | PictureItem):
            self._write_floating(item)
        elif isinstance(item, KeyValueItem | FormItem):
            self._write_graph(item)
        elif isinstance(item, TextItem):
            self._write_text(item)

    def _write_text(self, item: TextItem) -> None:
        kind = _KINDS.get(item.label, BlockKind.TEXT)
        pieces = self._text_pieces(item)
        if isinstance(item, CodeItem):
            self._write_referred(item.captions)
        if isinstance(item, TitleItem):
            self._write_heading(BlockKind.TITLE, 0, pieces)
        elif isinstance(item, SectionHeaderItem | FieldHeadingItem):
            self._write_heading(BlockKind.HEADING, item.level, pieces)
        elif isinstance(item, ListItem):
            marker = self._marker(item)
            if pieces and not pieces[0].text.startswith(marker) and not _marked(marker, pieces[0].text):
                pieces = [pieces[0].led_by(f"{marker} "), *pieces[1:]]
            self._write_pieces(BlockKind.LIST_ITEM, pieces)
        else:
            self._write_pieces(kind, pieces)

    def _marker(self, item: ListItem) -> str:
        """The item's own marker; its number when a numbered list gives none."""
        marker = item.marker.strip()
        if item.enumerated and marker in ("", "-") and item.parent is not None:
            siblings = item.parent.resolve(self.document).children
            return f"{[child.cref for child in siblings].index(item.self_ref) + 1}."
        return marker or "-"

    def _text_pieces(self, item: TextItem) -> list[Piece]:
        """The item's own text, or the runs of the inline group that stands for it."""
        text = item.text or item.orig
        if text.strip():
            pieces = pieces_of(text, item.prov, keep_indent=isinstance(item, CodeItem))
            box = _CHECKBOXES.get(item.label)
            return [piece.led_by(f"{box} ") for piece in pieces] if box else pieces
        for child in item.children[:1]:
            inline = child.resolve(self.document)
            if isinstance(inline, InlineGroup):
                self._written.add(inline.self_ref)
                return self._inline(inline)
        return []

    def _inline(self, group: NodeItem) -> list[Piece]:
        """The runs of a paragraph, with the spaces between them that its parts have lost."""
        pieces: list[Piece] = []
        for item in self._descendants(group):
            if not isinstance(item, TextItem):
                continue
            self._written.add(item.self_ref)
            if not _wanted(item):
                continue
            for piece in self._text_pieces(item):
                glue = "" if not pieces or _joins(pieces[-1].text, piece.text) else " "
                pieces.append(piece.led_by(glue))
        return pieces

    def _descendants(self, item: NodeItem) -> Iterator[NodeItem]:
        stack = _children(item, self.document)
        while stack:
            child = stack.pop()
            yield child
            stack.extend(_children(child, self.document))

    def _write_heading(self, kind: BlockKind, level: int, pieces: list[Piece]) -> None:
        if not pieces:
            return
        for shadowed in [known for known in self._headings if known >= level]:
            del self._headings[shadowed]
        self._write_pieces(kind, pieces, level)
        heading = " ".join("".join(piece.text for piece in pieces).split())
        self._headings[level] = UNWRITABLE.sub("\ufffd", heading)

    def _write_sheet_name(self, sheet: GroupItem) -> None:
        name = sheet.name.removeprefix("sheet: ").strip()
        provs = next((i.prov[:1] for i in self._descendants(sheet) if isinstance(i, DocItem) and i.prov), [])
        self._headings.clear()
        if name:
            start = self._append(name)
            spans = (Span(start, start + len(name), provs[0].page_no if provs else None),)
            self.blocks.append(Block(BlockKind.HEADING, start, start + len(name), (), 1, spans))
            self._headings[1] = name

    def _write_floating(self, item: FloatingItem) -> None:
        """A table or picture: its captions, its rows (a chart's figures too), its footnotes."""
        self._write_referred(item.captions)
        if isinstance(item, TableItem):
            self._written.update(contained_refs(item.data, self.document))
            self._write_rows(rows_of(item.data, self._cell_text), item.prov)
        elif isinstance(item, PictureItem) and item.meta and item.meta.tabular_chart:
            self._write_rows(rows_of(item.meta.tabular_chart.chart_data, self._cell_text), item.prov)
        self._write_referred(item.footnotes)

    def _cell_text(self, ref: RefItem | None, text: str) -> str:
        """A cell's text; that of everything inside when it holds more than plain text."""
        if ref is None:
            return text
        root = ref.resolve(self.document)
        parts = []
        for item in (root, *self._descendants(root)):
            if isinstance(item, TextItem) and _wanted(item):
                marker = f"{self._marker(item)} " if isinstance(item, ListItem) and item.enumerated else ""
                box = f"{_CHECKBOXES[item.label]} " if item.label in _CHECKBOXES else ""
                parts.append(marker + box + (item.text or item.orig) if item.text or item.orig else "")
            elif isinstance(item, TableItem):
                parts.extend(cell.text for cell in item.data.table_cells if not hasattr(cell, "ref"))
        return " ".join(part for part in parts if part) or text

    def _write_referred(self, refs: Iterable[RefItem]) -> None:
        for ref in refs:
            item = ref.resolve(self.document)
            if isinstance(item, NodeItem) and _wanted(item):
                self.write(item)

    def _write_graph(self, item: KeyValueItem | FormItem) -> None:
        """Keys and values that stand in the graph alone; the others are items of their own."""
        self._write_referred(item.captions)
        for cell in item.graph.cells:
            if cell.item_ref is None:
                self._write_pieces(
                    BlockKind.TEXT, pieces_of(cell.text, [cell.prov] if cell.prov else item.prov)
                )

    def _write_rows(self, rows: list[Row], provs: Sequence[ProvenanceItem]) -> None:
        if not rows:
            return
        start = self._append("\n".join(row.text for row in rows))
        made, at = [], start
        for row in rows:
            end = at + len(row.text)
            made.append(TableRow(at, end, row.header, (place(at, end, row.boxes, provs, self._sizes),)))
            at = end + 1
        end = at - 1
        spans = _table_spans(made, end) if len(provs) > 1 else (place(start, end, (), provs, self._sizes),)
        self.blocks.append(Block(BlockKind.TABLE, start, end, self._path(), 0, spans, tuple(made)))

    def _write_pieces(self, kind: BlockKind, pieces: list[Piece], level: int = 0) -> None:
        text = "".join(piece.text for piece in pieces)
        if not text.strip():
            return
        start = self._append(text)
        spans = spans_of(pieces, start, self._sizes)
        self.blocks.append(Block(kind, start, start + len(text), self._path(), level, spans))

    def _append(self, text: str) -> int:
        """Add a block's text; where it starts."""
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        start = self._length
        self._parts.append(UNWRITABLE.sub("\ufffd", text))
        self._length += len(text)
        return start

    def _path(self) -> tuple[str, ...]:
        return tuple(self._headings[level] for level in sorted(self._headings))


def _marked(marker: str, text: str) -> bool:
    """Whether a list item's text brings its own mark, where Docling gives no more than its default."""
    return marker == "-" and bool(_MARKS.match(text))


def _joins(left: str, right: str) -> bool:
    """Whether two runs of a paragraph meet without a space."""
    return right.startswith(_NO_SPACE_BEFORE) or left.endswith(_NO_SPACE_AFTER)


def _table_spans(rows: Sequence[TableRow], end: int) -> tuple[Span, ...]:
    """A table over several pages: one span for each run of rows on the same page."""
    spans: list[Span] = []
    for row, following in zip(rows, [*[row.start for row in rows[1:]], end], strict=True):
        page, box = row.spans[0].page, row.spans[0].box
        if spans and spans[-1].page == page and spans[-1].box == box:
            spans[-1] = Span(spans[-1].start, following, page, box)
        else:
            spans.append(Span(row.start, following, page, box))
    return tuple(spans)
