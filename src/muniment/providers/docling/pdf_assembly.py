"""Pages to a DoclingDocument: running lines aside, blocks in reading order, paragraphs joined over pages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from docling_core.types.doc.base import BoundingBox, CoordOrigin, Size
from docling_core.types.doc.common.content_layer import ContentLayer
from docling_core.types.doc.common.reference import ProvenanceItem
from docling_core.types.doc.document import DoclingDocument
from docling_core.types.doc.items.table.table_data import TableCell, TableData
from docling_core.types.doc.labels import DocItemLabel

from muniment.providers.docling.pdf_blocks import BULLET, LABEL, SYMBOL, TextBlock, group_lines
from muniment.providers.docling.pdf_headings import (
    Profile,
    Style,
    heading_levels,
    is_caption,
    is_heading,
    profile_of,
    style_of,
)
from muniment.providers.docling.pdf_lines import is_right_to_left
from muniment.providers.docling.pdf_page import Box, Page, Table, around
from muniment.providers.docling.pdf_reading_order import reading_order
from muniment.providers.docling.pdf_running_lines import running_lines
from muniment.providers.docling.pdf_text import join_lines, join_pair, vocabulary

_BESIDE = 1.3  # line heights: a value beside its name; the gutter between columns is wider
_FOOTNOTE = re.compile(r"^\(?\s?(\d{1,3}|[*†‡])\s?\)?\s+\S")
_SENTENCE_END = (".", "!", "?", ":", ";", "\u2026", '."', ".”", ".)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of an item's text stands: page, box, half-open range of characters."""

    page: int
    box: Box
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the document before it is written."""

    label: DocItemLabel
    text: str
    places: tuple[Place, ...]
    size: float = 0.0
    style: Style | None = None
    table: Table | None = None
    top: bool = False


def assemble(pages: Sequence[Page], name: str) -> DoclingDocument:
    """Build the document from all of its pages, which are in order."""
    running = running_lines(pages)
    body = [
        [line for index, line in enumerate(page.lines) if (page.number, index) not in running]
        for page in pages
    ]
    profile = profile_of(
        (line for lines in body for line in lines), (table for page in pages for table in page.tables)
    )
    words = vocabulary(line for lines in body for line in lines)
    document = DoclingDocument(name=name)
    items: list[Item] = []
    for page, lines in zip(pages, body, strict=True):
        width, height = page.shown_size
        document.add_page(page_no=page.number, size=Size(width=width, height=height))
        items += _furniture(page, running)
        items += _page_items(replace(page, lines=tuple(lines)), profile, words)
    _write(document, _joined(items, words), {page.number: page for page in pages})
    return document


def _furniture(page: Page, running: dict[tuple[int, int], bool]) -> Iterator[Item]:
    for index, line in enumerate(page.lines):
        top = running.get((page.number, index))
        if top is not None:
            label = DocItemLabel.PAGE_HEADER if top else DocItemLabel.PAGE_FOOTER
            yield Item(label, line.text, (Place(page.number, line.box, 0, len(line.text)),))


def _page_items(page: Page, profile: Profile, words: set[str]) -> list[Item]:
    """Items of one page in reading order."""
    blocks = group_lines(page.lines)
    items = [_block_item(page, block, profile, words) for block in blocks]
    items += [_table_item(page, table) for table in page.tables]
    boxes = [item.places[0].box for item in items]
    if sum(is_right_to_left(line.text) for line in page.lines) > 0.5 * len(page.lines):
        boxes = [Box(page.width - box.r, box.t, page.width - box.l, box.b) for box in boxes]
    order = reading_order(boxes, gutter=0.7 * profile.size)
    return _without_terms(_with_titles([items[index] for index in order]), profile)


def _block_item(page: Page, block: TextBlock, profile: Profile, words: set[str]) -> Item:
    text = join_lines([line.text for line in block.lines], words)
    label = DocItemLabel.TEXT
    style = None
    if all(line.mono for line in block.lines):
        label, text = DocItemLabel.CODE, "\n".join(line.text for line in block.lines)
    elif is_caption(text):
        label = DocItemLabel.CAPTION
    elif is_heading(block, text, _is_alone(block, page), profile):
        label, style = DocItemLabel.SECTION_HEADER, style_of(block, text)
    elif block.size < 0.96 * profile.size and _FOOTNOTE.match(text) and _is_lowest(block, page, profile):
        label = DocItemLabel.FOOTNOTE
    elif block.marked or BULLET.match(text):
        label = DocItemLabel.LIST_ITEM
        text = SYMBOL.sub("", text) or text
    return Item(label, text, (Place(page.number, block.box, 0, len(text)),), block.size, style)


def _is_alone(block: TextBlock, page: Page) -> bool:
    """Whether nothing stands right beside the block in its row, as a value stands beside its name."""
    members = set(map(id, block.lines))
    return not any(
        id(line) not in members
        and line.box.y_overlap(block.box) > 0.5 * line.size
        and -line.box.x_overlap(block.box) < _BESIDE * block.size
        for line in page.lines
    )


def _is_lowest(block: TextBlock, page: Page, profile: Profile) -> bool:
    """Whether no text of the body's size stands below in the same column."""
    return block.box.t > 0.4 * page.height and not any(
        line.box.t > block.box.b and line.size >= 0.96 * profile.size and line.box.x_overlap(block.box) > 0
        for line in page.lines
    )


def _table_item(page: Page, table: Table) -> Item:
    return Item(DocItemLabel.TABLE, "", (Place(page.number, table.box, 0, 0),), table=table)


def _with_titles(items: list[Item]) -> list[Item]:
    """Join a label that stands on a line of its own ("Article 2") and the title below it."""
    out: list[Item] = []
    for item in items:
        last = out[-1] if out else None
        if (
            last is not None
            and last.label == item.label == DocItemLabel.SECTION_HEADER
            and LABEL.match(last.text)
            and not LABEL.match(item.text)
            and 0 <= item.places[0].box.t - last.places[0].box.b < 1.6 * last.size
        ):
            text = f"{last.text} {item.text}"
            box = around([last.places[0].box, item.places[0].box])
            out[-1] = replace(last, text=text, places=(Place(last.places[0].page, box, 0, len(text)),))
        else:
            out.append(item)
    return out


def _without_terms(items: list[Item], profile: Profile) -> list[Item]:
    """Bold lines no larger than the body whose text is indented below them are a glossary's terms."""
    return [
        replace(item, label=DocItemLabel.TEXT, style=None)
        if item.style is not None
        and item.size < 1.05 * profile.size
        and following is not None
        and following.label == DocItemLabel.TEXT
        and _is_indented_below(item.places[0].box, following.places[0].box, profile.size)
        else item
        for item, following in zip(items, [*items[1:], None], strict=False)
    ]


def _is_indented_below(term: Box, text: Box, size: float) -> bool:
    return 0.8 * size < text.l - term.l < 6 * size and 0 <= text.t - term.b < 2 * size


def _joined(items: Sequence[Item], words: set[str]) -> list[Item]:
    """Join paragraphs that continue in the next column or on the next page.

    Footnotes, captions, tables and running lines may stand between the two parts.
    """
    skipped = {
        DocItemLabel.PAGE_HEADER,
        DocItemLabel.PAGE_FOOTER,
        DocItemLabel.FOOTNOTE,
        DocItemLabel.CAPTION,
        DocItemLabel.TABLE,
    }
    out: list[Item] = []
    last = -1  # index in out of the last item of the body
    for item in items:
        if last >= 0 and _carries_on(out[last], item):
            out[last] = _append(out[last], item, words)
            continue
        out.append(item)
        if item.label not in skipped:
            last = len(out) - 1
    return out


def _carries_on(first: Item, second: Item) -> bool:
    if first.label not in (DocItemLabel.TEXT, DocItemLabel.LIST_ITEM) or second.label != DocItemLabel.TEXT:
        return False
    before, after = first.places[-1], second.places[0]
    moved = after.page == before.page + 1 or (
        after.page == before.page and after.box.t < before.box.t and after.box.l > before.box.r
    )
    return (
        moved
        and abs(first.size - second.size) < 0.1 * first.size
        and not first.text.rstrip().endswith(_SENTENCE_END)
        and second.text[:1].islower()
    )


def _append(first: Item, second: Item, words: set[str]) -> Item:
    text = join_pair(first.text, second.text, words)
    start = len(text) - len(second.text)
    before = replace(first.places[-1], end=min(first.places[-1].end, start))
    after = replace(second.places[0], start=start, end=len(text))
    return replace(first, text=text, places=(*first.places[:-1], before, after))


def _write(document: DoclingDocument, items: Sequence[Item], pages: dict[int, Page]) -> None:
    headings = [item for item in items if item.style is not None]
    levels = iter(heading_levels([(item.text, item.style) for item in headings if item.style is not None]))
    group = None
    for item in items:
        provenance = [_provenance(place, pages[place.page]) for place in item.places]
        if item.label == DocItemLabel.LIST_ITEM:
            group = group or document.add_list_group()
            written = document.add_list_item(item.text, parent=group, prov=provenance[0])
            written.prov = provenance
            continue
        if item.label in (DocItemLabel.PAGE_HEADER, DocItemLabel.PAGE_FOOTER):
            document.add_text(item.label, item.text, prov=provenance[0], content_layer=ContentLayer.FURNITURE)
            continue
        group = None
        if item.table is not None:
            document.add_table(_table_data(item.table, pages[item.places[0].page]), prov=provenance[0])
        elif item.style is not None:
            document.add_heading(item.text, level=next(levels), prov=provenance[0])
        else:
            document.add_text(item.label, item.text, prov=provenance[0]).prov = provenance


def _bounds(page: Page, box: Box) -> BoundingBox:
    left, top, right, bottom = page.as_shown(box)
    return BoundingBox(l=left, t=top, r=right, b=bottom, coord_origin=CoordOrigin.TOPLEFT)


def _provenance(place: Place, page: Page) -> ProvenanceItem:
    bounds = _bounds(page, place.box).to_bottom_left_origin(page.shown_size[1])
    return ProvenanceItem(page_no=place.page, bbox=bounds, charspan=(place.start, place.end))


def _table_data(table: Table, page: Page) -> TableData:
    cells = [
        TableCell(
            text=cell.text,
            bbox=_bounds(page, cell.box),
            row_span=cell.row_end - cell.row,
            col_span=cell.column_end - cell.column,
            start_row_offset_idx=cell.row,
            end_row_offset_idx=cell.row_end,
            start_col_offset_idx=cell.column,
            end_col_offset_idx=cell.column_end,
            column_header=cell.row == 0,
        )
        for cell in table.cells
    ]
    return TableData(num_rows=table.rows, num_cols=table.columns, table_cells=cells)
