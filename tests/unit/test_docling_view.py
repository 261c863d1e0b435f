"""The text of a parsed document holds everything of the Docling document's body, with its place."""

import itertools

import pytest
from docling_core.transforms.chunker.hierarchical_chunker import HierarchicalChunker
from docling_core.types.doc import (
    BoundingBox,
    ContentLayer,
    CoordOrigin,
    DocItemLabel,
    DoclingDocument,
    GroupLabel,
    ProvenanceItem,
    RichTableCell,
    Size,
    TableCell,
    TableData,
    TableItem,
    TextItem,
)
from hypothesis import given
from hypothesis import strategies as st

from muniment.providers.docling.view import view
from muniment.testing.parser import check_parsed
from muniment.types import BlockKind, Box, ParsedDocument


def viewed(document: DoclingDocument) -> ParsedDocument:
    parsed = view(document, content_hash="0" * 64, parser="test")
    check_parsed(parsed)
    return parsed


def texts(parsed: ParsedDocument) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks]


def prov(page: int, box: tuple[float, float, float, float], span: tuple[int, int]) -> ProvenanceItem:
    """A provenance as PDFs give it: origin at the bottom left."""
    left, top, right, bottom = box
    bbox = BoundingBox(l=left, t=top, r=right, b=bottom, coord_origin=CoordOrigin.BOTTOMLEFT)
    return ProvenanceItem(page_no=page, bbox=bbox, charspan=span)


def cell(text: str, row: int, columns: tuple[int, int], *, column_header: bool = False) -> TableCell:
    return TableCell(
        text=text,
        start_row_offset_idx=row,
        end_row_offset_idx=row + 1,
        start_col_offset_idx=columns[0],
        end_col_offset_idx=columns[1],
        column_header=column_header,
    )


def table(rows: list[list[str]], headers: int = 1) -> TableData:
    cells = [
        cell(text, r, (c, c + 1), column_header=r < headers)
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
    ]
    return TableData(num_rows=len(rows), num_cols=max(map(len, rows)), table_cells=cells)


def test_a_paragraph_over_two_pages_has_a_span_on_each():
    document = DoclingDocument(name="x")
    for number in (1, 2):
        document.add_page(page_no=number, size=Size(width=600, height=800))
    item = document.add_text(
        DocItemLabel.TEXT, "first half second half", prov=prov(1, (10, 100, 90, 80), (0, 10))
    )
    item.prov.append(prov(2, (10, 790, 90, 770), (11, 22)))
    block = viewed(document).blocks[0]
    assert [(s.start, s.end, s.page) for s in block.spans] == [(0, 11, 1), (11, 22, 2)]
    assert block.spans[0].box == Box(10, 700, 90, 720)
    assert block.spans[1].box == Box(10, 10, 90, 30)


def test_places_survive_a_list_marker_in_front():
    document = DoclingDocument(name="x")
    document.add_page(page_no=1, size=Size(width=600, height=800))
    group = document.add_list_group()
    item = document.add_list_item("left right", enumerated=True, marker="3.", parent=group)
    item.prov = [prov(1, (1, 20, 2, 10), (0, 5)), prov(1, (3, 20, 4, 10), (5, 10))]
    parsed = viewed(document)
    assert parsed.text == "3. left right"
    assert [parsed.text[s.start : s.end] for s in parsed.blocks[0].spans] == ["3. left ", "right"]


def test_provenances_that_do_not_say_which_characters_still_cover_the_text():
    document = DoclingDocument(name="x")
    document.add_page(page_no=1, size=Size(width=600, height=800))
    item = document.add_text(DocItemLabel.TEXT, "word " * 20, prov=prov(1, (0, 20, 10, 10), (0, 100)))
    item.prov.append(prov(1, (20, 20, 30, 10), (0, 100)))
    assert len(viewed(document).blocks[0].spans) == 2


def test_heading_paths_are_those_of_the_hierarchical_chunker():
    document = DoclingDocument(name="x")
    document.add_title("Handbook")
    for number, (level, heading) in enumerate(
        [(1, "Leave"), (2, "Sick leave"), (3, "Notes"), (1, "Pay"), (2, "Bonus")]
    ):
        document.add_heading(heading, level=level)
        document.add_text(DocItemLabel.TEXT, f"paragraph {number}")
    parsed = viewed(document)
    expected = {chunk.text: tuple(chunk.meta.headings) for chunk in HierarchicalChunker().chunk(document)}
    found = {
        parsed.text[block.start : block.end]: block.headings
        for block in parsed.blocks
        if block.kind is BlockKind.TEXT
    }
    assert found == expected
    assert parsed.title == "Handbook"


def test_table_rows_are_lines_with_header_marks_and_boxes():
    document = DoclingDocument(name="x")
    document.add_page(page_no=1, size=Size(width=600, height=800))
    data = table([["name", "price"], ["pump", "9"], ["", ""], ["valve", "7"]])
    for cell in data.table_cells:
        top = cell.start_row_offset_idx * 10.0
        left = cell.start_col_offset_idx * 50.0
        cell.bbox = BoundingBox(l=left, t=top, r=left + 40, b=top + 8, coord_origin=CoordOrigin.TOPLEFT)
    document.add_table(data, prov=prov(1, (0, 800, 100, 700), (0, 0)))
    parsed = viewed(document)
    assert parsed.text == "name | price\npump | 9\nvalve | 7"
    rows = parsed.blocks[0].rows
    assert [row.header for row in rows] == [True, False, False]
    assert rows[1].spans[0].box == Box(0, 10, 90, 18)
    assert parsed.blocks[0].spans[0].box == Box(0, 0, 100, 100)


def test_merged_cells_stand_once_in_a_row():
    data = TableData(
        num_rows=2,
        num_cols=3,
        table_cells=[
            cell("wide", 0, (0, 3), column_header=True),
            cell("a", 1, (0, 1)),
            cell("c", 1, (2, 3)),
        ],
    )
    document = DoclingDocument(name="x")
    document.add_table(data)
    assert viewed(document).text == "wide\na | | c"


def test_what_a_cell_contains_is_part_of_its_row_and_nowhere_else():
    document = DoclingDocument(name="x")
    item = document.add_table(table([["head"]]))
    group = document.add_group(label=GroupLabel.UNSPECIFIED, parent=item)
    document.add_text(DocItemLabel.TEXT, "one", parent=group)
    document.add_text(DocItemLabel.TEXT, "two", parent=group)
    item.data.table_cells.append(
        RichTableCell(text="", ref=group.get_ref(), start_row_offset_idx=1, end_row_offset_idx=2,
                      start_col_offset_idx=0, end_col_offset_idx=1)
    )  # fmt: skip
    item.data.num_rows = 2
    assert viewed(document).text == "head\none two"


def test_runs_of_a_paragraph_become_one_block():
    document = DoclingDocument(name="x")
    group = document.add_inline_group()
    for run in ("Take", "two", ", then", "(", "rest", ")."):
        document.add_text(DocItemLabel.TEXT, run, parent=group)
    assert texts(viewed(document)) == ["Take two, then (rest)."]


def test_captions_stand_before_what_they_name_and_furniture_is_left_out():
    document = DoclingDocument(name="x")
    document.add_text(DocItemLabel.PAGE_HEADER, "running line", content_layer=ContentLayer.FURNITURE)
    document.add_table(table([["a"], ["b"]]), caption=document.add_text(DocItemLabel.CAPTION, "Table 1"))
    document.add_picture(caption=document.add_text(DocItemLabel.CAPTION, "Figure 1"))
    document.add_text(DocItemLabel.FOOTNOTE, "1 a note", content_layer=ContentLayer.FURNITURE)
    document.add_text(DocItemLabel.TEXT, "hidden", content_layer=ContentLayer.INVISIBLE)
    assert texts(viewed(document)) == ["Table 1", "a\nb", "Figure 1", "1 a note"]


def test_characters_that_no_database_takes_are_replaced_one_for_one():
    document = DoclingDocument(name="x")
    document.add_heading("a\ud800b", level=1)
    document.add_text(DocItemLabel.TEXT, "c\x00d")
    parsed = viewed(document)
    assert parsed.text == "a\ufffdb\n\nc\ufffdd"
    assert parsed.blocks[1].headings == ("a\ufffdb",)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        (DocItemLabel.CODE, BlockKind.CODE),
        (DocItemLabel.FORMULA, BlockKind.FORMULA),
        (DocItemLabel.FOOTNOTE, BlockKind.FOOTNOTE),
        (DocItemLabel.REFERENCE, BlockKind.TEXT),
        (DocItemLabel.PARAGRAPH, BlockKind.TEXT),
        (DocItemLabel.CHECKBOX_SELECTED, BlockKind.TEXT),
    ],
)
def test_every_kind_of_text_is_kept(label, kind):
    document = DoclingDocument(name="x")
    if label is DocItemLabel.CODE:
        document.add_code("    indented()")
    else:
        document.add_text(label, "some text")
    parsed = viewed(document)
    assert parsed.blocks[0].kind is kind
    assert ("    indented()" if label is DocItemLabel.CODE else "some text") in parsed.text


WORD = st.text(alphabet="abcdefgh é|.\n", min_size=1, max_size=12).filter(str.strip)


@st.composite
def docling_documents(draw) -> DoclingDocument:
    document = DoclingDocument(name="x")
    parents = [document.body]
    numbers = itertools.count()
    for _ in range(draw(st.integers(0, 12))):
        parent = draw(st.sampled_from(parents))
        word = f"{draw(WORD)}#{next(numbers)}#"
        kind = draw(
            st.sampled_from(["text", "heading", "list", "inline", "table", "picture", "code", "group"])
        )
        if kind == "text":
            parents.append(document.add_text(DocItemLabel.TEXT, word, parent=parent))
        elif kind == "heading":
            parents.append(document.add_heading(word, level=draw(st.integers(1, 4)), parent=parent))
        elif kind == "list":
            parents.append(document.add_list_item(word, parent=document.add_list_group(parent=parent)))
        elif kind == "inline":
            group = document.add_inline_group(parent=parent)
            document.add_text(DocItemLabel.TEXT, word, parent=group)
            document.add_text(DocItemLabel.TEXT, f"{draw(WORD)}#{next(numbers)}#", parent=group)
        elif kind == "table":
            rows = draw(st.lists(st.lists(WORD, min_size=1, max_size=3), min_size=1, max_size=4))
            data = table(
                [[f"{cell}#{next(numbers)}#" for cell in row] for row in rows], draw(st.integers(0, 2))
            )
            document.add_table(data, parent=parent)
        elif kind == "picture":
            caption = document.add_text(DocItemLabel.CAPTION, word, parent=parent)
            parents.append(document.add_picture(caption=caption, parent=parent))
        elif kind == "code":
            document.add_code(word, parent=parent)
        else:
            parents.append(document.add_group(parent=parent))
    return document


@given(docling_documents())
def test_every_text_and_cell_is_in_the_text_once(document):
    parsed = viewed(document)
    wanted = [item.text for item in document.texts if isinstance(item, TextItem)]
    wanted += [
        cell.text for item in document.tables if isinstance(item, TableItem) for cell in item.data.table_cells
    ]
    flat = " ".join(parsed.text.split())
    for text in wanted:
        assert flat.count(" ".join(text.split()).rsplit(" ")[-1]) == 1, text


@given(docling_documents())
def test_the_same_document_is_viewed_the_same(document):
    assert viewed(document) == viewed(document)
