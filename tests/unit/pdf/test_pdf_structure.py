"""What the built-in engine promises about a digital PDF."""

from collections.abc import Callable
from pathlib import Path

from docling_core.types.doc.labels import DocItemLabel
from hypothesis import given
from hypothesis import strategies as st
from made_pdfs import HEIGHT, LOREM, WIDTH, body, furniture, grid, paragraph, write
from reportlab.pdfgen.canvas import Canvas

from muniment.providers.docling.pdf_page import Box
from muniment.providers.docling.pdf_pipeline import PdfOptions, convert_pdf
from muniment.providers.docling.pdf_reading_order import reading_order

MakePdf = Callable[..., Path]
OPTIONS = PdfOptions()


def _page(number: int, text: str = LOREM) -> Callable[[Canvas], None]:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 40, "Spare parts manual, edition 7", 8)
        paragraph(canvas, 60, 100, f"On page {number} we say more. {text}")
        paragraph(canvas, 60, 200, "The same closing words stand on every page of this manual.")
        write(canvas, 290, 810, f"{number}", 8)

    return draw


def test_running_headers_and_page_numbers_are_not_in_the_body(make_pdf: MakePdf) -> None:
    document = convert_pdf(make_pdf(*[_page(number) for number in range(1, 6)]), OPTIONS).document

    text = " ".join(text for _, text in body(document))
    assert "edition 7" not in text
    assert "On page 3 we say more." in text
    assert sorted(furniture(document)) == sorted(
        ["Spare parts manual, edition 7"] * 5 + ["1", "2", "3", "4", "5"]
    )


def test_lines_that_are_all_their_pages_hold_are_the_text(make_pdf: MakePdf) -> None:
    def card(number: int) -> Callable[[Canvas], None]:
        return lambda canvas: write(canvas, 60, 60, f"Certificate number {number}", 18)

    document = convert_pdf(make_pdf(*[card(number) for number in range(1, 9)]), OPTIONS).document

    assert furniture(document) == []
    assert [text for _, text in body(document)] == [f"Certificate number {number}" for number in range(1, 9)]


def test_a_numbered_label_at_the_top_of_each_page_is_a_heading_not_a_running_header(
    make_pdf: MakePdf,
) -> None:
    def article(number: int) -> Callable[[Canvas], None]:
        def draw(canvas: Canvas) -> None:
            write(canvas, 280, 60, f"Article {number}")
            paragraph(canvas, 60, 90, LOREM * 3)

        return draw

    document = convert_pdf(make_pdf(*[article(number) for number in range(1, 7)]), OPTIONS).document

    assert [text for label, text in body(document) if label == "section_header"] == [
        f"Article {number}" for number in range(1, 7)
    ]


def test_two_columns_are_read_one_after_the_other_below_their_title(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 70, "A title across both columns", 18, "Helvetica-Bold")
        for column, x in enumerate((60, 310)):
            for part in range(3):
                paragraph(canvas, x, 110 + part * 120, f"Part {column * 3 + part} starts. {LOREM}", width=44)

    texts = [text for _, text in body(convert_pdf(make_pdf(draw), OPTIONS).document)]

    assert texts[0] == "A title across both columns"
    assert [text.split(" starts")[0] for text in texts[1:]] == [f"Part {index}" for index in range(6)]


def test_a_ruled_table_keeps_its_cells_and_its_spans(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        paragraph(canvas, 60, 80, LOREM)
        rows = [
            ["Region", "Sales", ""],
            ["", "2023", "2024"],
            ["North", "high", "higher still"],
            ["South", "low", "none"],
        ]
        xs, ys = (60, 200, 330, 460), (200, 225, 250, 275, 300)
        for y in ys:
            canvas.line(xs[1] if y == 225 else xs[0], HEIGHT - y, xs[-1], HEIGHT - y)
        for x in xs:
            canvas.line(x, HEIGHT - (225 if x == 330 else 200), x, HEIGHT - 300)
        for top, row in zip(ys, rows, strict=False):
            for x, text in zip(xs, row, strict=False):
                write(canvas, x + 6, top + 16, text)
        paragraph(canvas, 60, 340, LOREM)

    document = convert_pdf(make_pdf(draw), OPTIONS).document

    assert grid(document) == [
        ["Region", "Sales", "Sales"],
        ["Region", "2023", "2024"],
        ["North", "high", "higher still"],
        ["South", "low", "none"],
    ]
    assert [label for label, _ in body(document)] == ["text", "table", "text"]


def test_a_table_of_numbers_without_lines_is_a_table(make_pdf: MakePdf) -> None:
    rows = [
        ("", "2022", "2023", "2024"),
        ("Revenue", "1,204.5", "1,310.0", "1,402.8"),
        ("Cost of sales", "(804.1)", "(861.3)", "(902.0)"),
        ("Operating profit", "400.4", "448.7", "500.8"),
    ]

    def draw(canvas: Canvas) -> None:
        paragraph(canvas, 60, 80, LOREM)
        for index, row in enumerate(rows):
            write(canvas, 60, 200 + 16 * index, row[0])
            canvas.setFont("Helvetica", 10)
            for column, text in enumerate(row[1:]):
                canvas.drawRightString(300 + 90 * column, HEIGHT - 200 - 16 * index, text)
        paragraph(canvas, 60, 300, LOREM)

    assert grid(convert_pdf(make_pdf(draw), OPTIONS).document) == [list(row) for row in rows]


def test_program_code_in_a_frame_is_code_not_a_table(make_pdf: MakePdf) -> None:
    code = ["def area(w, h):", "    total = w * h", "    return total"]

    def draw(canvas: Canvas) -> None:
        paragraph(canvas, 60, 80, LOREM)
        canvas.rect(55, HEIGHT - 260, 300, 70)
        for index, text in enumerate(code):
            write(
                canvas,
                60 + 6 * (len(text) - len(text.lstrip())),
                210 + 14 * index,
                text.strip(),
                10,
                "Courier",
            )

    labels = [label for label, _ in body(convert_pdf(make_pdf(draw), OPTIONS).document)]

    assert "table" not in labels
    assert "code" in labels


def test_headings_have_the_levels_of_their_numbering(make_pdf: MakePdf) -> None:
    headings = [("1 Scope", 16), ("1.1 Parts covered", 13), ("1.1.1 Older parts", 11), ("2 Ordering", 16)]

    def draw(canvas: Canvas) -> None:
        top = 80.0
        for text, size in headings:
            write(canvas, 60, top, text, size, "Helvetica-Bold")
            top = paragraph(canvas, 60, top + 24, LOREM) + 24

    document = convert_pdf(make_pdf(draw), OPTIONS).document

    found = [
        (item.text, item.level)
        for item, _ in document.iterate_items()
        if item.label == DocItemLabel.SECTION_HEADER
    ]
    assert found == [("1 Scope", 1), ("1.1 Parts covered", 2), ("1.1.1 Older parts", 3), ("2 Ordering", 1)]


def test_bullets_are_list_items_without_their_bullets_and_enumerations_keep_their_numbers(
    make_pdf: MakePdf,
) -> None:
    def draw(canvas: Canvas) -> None:
        paragraph(canvas, 60, 80, LOREM)
        for index, text in enumerate(
            ["• first point", "• second point", "(a) lettered point", "1. numbered point"]
        ):
            write(canvas, 75, 200 + 18 * index, text)

    items = [
        text for label, text in body(convert_pdf(make_pdf(draw), OPTIONS).document) if label == "list_item"
    ]

    assert items == ["first point", "second point", "(a) lettered point", "1. numbered point"]


def test_a_paragraph_goes_on_over_the_page_break_with_a_box_on_each_page(make_pdf: MakePdf) -> None:
    def first(canvas: Canvas) -> None:
        write(canvas, 60, 40, "Spare parts manual", 8)
        paragraph(
            canvas, 60, 700, "Whoever orders a part that is no longer listed receives an offer from the"
        )

    def second(canvas: Canvas) -> None:
        write(canvas, 60, 40, "Spare parts manual", 8)
        paragraph(canvas, 60, 100, "work-shop within a week. Nothing is made before the offer is accepted.")

    document = convert_pdf(make_pdf(first, second), OPTIONS).document

    [joined] = [item for item, _ in document.iterate_items() if item.text.startswith("Whoever")]
    assert joined.text.endswith("offer is accepted.")
    assert [place.page_no for place in joined.prov] == [1, 2]
    start, end = joined.prov[1].charspan
    assert joined.text[start:end].startswith("work-shop within a week.")
    assert joined.prov[0].charspan == (0, start - 1)


def test_every_item_has_a_page_and_a_box_inside_it(make_pdf: MakePdf) -> None:
    document = convert_pdf(make_pdf(*[_page(number, LOREM * 4) for number in range(1, 4)]), OPTIONS).document

    places = [place for item, _ in document.iterate_items() for place in item.prov]
    assert places
    for place in places:
        box = place.bbox
        assert 0 <= box.l < box.r <= WIDTH + 1
        assert 0 <= box.b < box.t <= HEIGHT + 1


def test_a_page_printed_sideways_is_read_and_its_boxes_are_as_displayed(make_pdf: MakePdf) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(WIDTH, 0)
        canvas.rotate(90)
        for index, text in enumerate(["A wide plan is printed", "along the long side"]):
            canvas.setFont("Helvetica", 12)
            canvas.drawString(100, WIDTH - 50 - 15 * index, text)

    document = convert_pdf(make_pdf(draw), OPTIONS).document

    assert body(document) == [("text", "A wide plan is printed along the long side")]
    box = document.texts[0].prov[0].bbox.to_top_left_origin(HEIGHT)
    assert box.height > box.width
    assert box.r < 100


def test_pages_are_reported_as_they_are_read(make_pdf: MakePdf) -> None:
    seen: list[tuple[int, int]] = []

    convert_pdf(make_pdf(_page(1), _page(2)), OPTIONS, lambda done, total: seen.append((done, total)))

    assert seen == [(1, 2), (2, 2)]


boxes = st.lists(
    st.tuples(st.floats(0, 500), st.floats(0, 700), st.floats(1, 300), st.floats(1, 100)).map(
        lambda value: Box(value[0], value[1], value[0] + value[2], value[1] + value[3])
    ),
    max_size=25,
)


@given(boxes)
def test_reading_order_never_loses_or_doubles_a_box(given_boxes: list[Box]) -> None:
    assert sorted(reading_order(given_boxes, gutter=8)) == list(range(len(given_boxes)))
