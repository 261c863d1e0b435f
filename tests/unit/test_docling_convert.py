"""Every format is read with its structure, its places and all of its text."""

import io
import struct
import zipfile
import zlib

import pytest
from docx import Document
from docx.shared import Pt
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches

from muniment.errors import MunimentError
from muniment.providers.docling.jobs import Job, Limits
from muniment.providers.docling.reading import parse
from muniment.testing.parser import check_parsed
from muniment.types import BlockKind, ParsedDocument

LIMITS = Limits(
    max_file_bytes=2**20,
    max_unpacked_bytes=2**26,
    max_pages=50,
    max_pixels=10**7,
    memory_bytes=2**30,
    threads=1,
    ocr=False,
)


@pytest.fixture
def read(tmp_path):
    def parsed(name: str, content: bytes | str) -> ParsedDocument:
        path = tmp_path / "stored-under-another-name"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        document = parse(Job(path, name, "0" * 64), LIMITS, "test").document
        check_parsed(document)
        return document

    return parsed


def blocks(document: ParsedDocument) -> list[tuple[BlockKind, str, tuple[str, ...]]]:
    return [(b.kind, document.text[b.start : b.end], b.headings) for b in document.blocks]


def test_word(read):
    made = Document()
    made.add_heading("Leave", level=1)
    paragraph = made.add_paragraph("Each employee has ")
    paragraph.add_run("28 days").bold = True
    paragraph.add_run(" of leave.").font.size = Pt(12)
    made.add_paragraph("Ask early", style="List Number")
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Year", "Days", "2024", "28"], strict=True):
        cell.text = text
    made.sections[0].header.paragraphs[0].text = "running header"
    buffer = io.BytesIO()
    made.save(buffer)
    document = read("leave.docx", buffer.getvalue())
    assert blocks(document) == [
        (BlockKind.HEADING, "Leave", ()),
        (BlockKind.TEXT, "Each employee has 28 days of leave.", ("Leave",)),
        (BlockKind.LIST_ITEM, "1. Ask early", ("Leave",)),
        (BlockKind.TABLE, "Year | Days\n2024 | 28", ("Leave",)),
    ]
    assert [row.header for row in document.blocks[3].rows] == [True, False]


def declared_as(office: io.BytesIO, ordinary: bytes, variant: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(office) as archive, zipfile.ZipFile(out, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name).replace(ordinary, variant))
    return out.getvalue()


OPEN_WORD = b"vnd.openxmlformats-officedocument.wordprocessingml.document.main"
OPEN_SLIDES = b"vnd.openxmlformats-officedocument.presentationml.presentation.main"


@pytest.mark.parametrize(
    ("extension", "variant"),
    [
        ("docm", b"vnd.ms-word.document.macroEnabled.main"),
        ("dotm", b"vnd.ms-word.template.macroEnabledTemplate.main"),
        ("dotx", OPEN_WORD.replace(b"document.main", b"template.main")),
    ],
)
def test_word_with_macros_and_templates_are_read_like_documents(read, extension, variant):
    made, buffer = Document(), io.BytesIO()
    made.add_paragraph("Pumps take oil.")
    made.save(buffer)
    assert read(f"a.{extension}", declared_as(buffer, OPEN_WORD, variant)).text == "Pumps take oil."


@pytest.mark.parametrize(
    ("extension", "variant"),
    [
        ("pptm", b"vnd.ms-powerpoint.presentation.macroEnabled.main"),
        ("ppsm", b"vnd.ms-powerpoint.slideshow.macroEnabled.main"),
        ("ppsx", OPEN_SLIDES.replace(b"presentation.main", b"slideshow.main")),
        ("potx", OPEN_SLIDES.replace(b"presentation.main", b"template.main")),
    ],
)
def test_slides_with_macros_templates_and_shows_are_read_like_presentations(read, extension, variant):
    made, buffer = Presentation(), io.BytesIO()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "Pumps take oil."
    made.save(buffer)
    assert read(f"a.{extension}", declared_as(buffer, OPEN_SLIDES, variant)).text == "Pumps take oil."


def test_slides_are_pages_in_points_with_notes_and_headings_of_their_own(read):
    made = Presentation()
    first = made.slides.add_slide(made.slide_layouts[5])
    first.shapes.title.text = "Sales"
    box = first.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1))
    box.text_frame.text = "Up by 7%"
    first.notes_slide.notes_text_frame.text = "Say it slowly"
    second = made.slides.add_slide(made.slide_layouts[6])
    second.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.text = "No title here"
    buffer = io.BytesIO()
    made.save(buffer)
    document = read("deck.pptx", buffer.getvalue())
    assert blocks(document) == [
        (BlockKind.TITLE, "Sales", ()),
        (BlockKind.TEXT, "Up by 7%", ("Sales",)),
        (BlockKind.TEXT, "Say it slowly", ("Sales",)),
        (BlockKind.TEXT, "No title here", ()),
    ]
    assert [(page.number, page.width, page.height) for page in document.pages] == [
        (1, 720, 540),
        (2, 720, 540),
    ]
    place = document.blocks[1].spans[0]
    assert place.page == 1
    assert place.box is not None
    assert (place.box.left, place.box.top) == (72, 144)
    assert document.blocks[3].spans[0].page == 2


def test_sheets_are_pages_under_their_names(read):
    made = Workbook()
    made.active.title = "Prices"
    made.active.append(["item", "euro"])
    made.active.append(["pump", 9.5])
    made.create_sheet("Stock").append(["item", "count"])
    made["Stock"].append(["valve", 3])
    buffer = io.BytesIO()
    made.save(buffer)
    document = read("book.xlsx", buffer.getvalue())
    assert blocks(document) == [
        (BlockKind.HEADING, "Prices", ()),
        (BlockKind.TABLE, "item | euro\npump | 9.5", ("Prices",)),
        (BlockKind.HEADING, "Stock", ()),
        (BlockKind.TABLE, "item | count\nvalve | 3", ("Stock",)),
    ]
    assert [block.spans[0].page for block in document.blocks] == [1, 1, 2, 2]


def test_html_keeps_what_stands_before_the_first_heading_and_drops_menus(read):
    document = read(
        "page.html",
        "<html><head><title>Deeds</title></head><body><nav><a href='/'>Home</a></nav><p>Before.</p>"
        "<h1>Leave</h1><p>It is <b>28</b> days, <i>paid</i>.</p><ol><li>Ask<li>Go</ol>"
        "<table><tr><th>a<th>b<tr><td>1<td>2</table><p hidden>secret</p><!-- comment --><script>x</script>",
    )
    assert [(kind, text) for kind, text, _ in blocks(document)] == [
        (BlockKind.TEXT, "Before."),
        (BlockKind.TITLE, "Leave"),
        (BlockKind.TEXT, "It is 28 days, paid."),
        (BlockKind.LIST_ITEM, "1. Ask"),
        (BlockKind.LIST_ITEM, "2. Go"),
        (BlockKind.TABLE, "a | b\n1 | 2"),
    ]
    assert document.title == "Deeds"


def test_markdown(read):
    document = read(
        "note.md",
        "# Leave\n\nIt is **28** days.\n\n- ask\n- go\n\n```\ncode()\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
    )
    assert [(kind, text) for kind, text, _ in blocks(document)] == [
        (BlockKind.TITLE, "Leave"),
        (BlockKind.TEXT, "It is 28 days."),
        (BlockKind.LIST_ITEM, "- ask"),
        (BlockKind.LIST_ITEM, "- go"),
        (BlockKind.CODE, "code()"),
        (BlockKind.TABLE, "a | b\n1 | 2"),
    ]


def test_asciidoc(read):
    document = read("guide.adoc", "= Guide\n\n== Install\n\nRun it.\n\n* one\n* two\n")
    assert [(kind, text) for kind, text, _ in blocks(document)][:3] == [
        (BlockKind.TITLE, "Guide"),
        (BlockKind.HEADING, "Install"),
        (BlockKind.TEXT, "Run it."),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_is_one_table(read, separator):
    document = read("t.csv", separator.join(["item", "euro"]) + "\n" + separator.join(["pump", "9"]) + "\n")
    assert blocks(document) == [(BlockKind.TABLE, "item | euro\npump | 9", ())]


def test_a_csv_with_broken_quotes_is_read_as_text(read):
    document = read("t.csv", 'a,b\n"c,d\ne,"f" g\n')
    assert "e," in document.text
    assert document.notes


def test_plain_text_keeps_its_lines(read):
    document = read("letter.txt", "Dear all,\r\n\r\nline one\r\nline two\r\n \r\n  Yours")
    assert document.text == "Dear all,\n\nline one\nline two\n\nYours"
    assert document.title == ""  # its name may change, and what is kept by content does not


def test_a_wrong_name_is_noted(read):
    document = read("page.pdf", "<html><body><p>Hello")
    assert document.text == "Hello"
    assert "HTML" in document.notes[0]


@pytest.mark.parametrize("levels", [200, 30_000])
def test_deep_markup_is_read(read, levels):
    document = read("deep.html", "<div>" * levels + "<p>at the bottom" + "</div>" * levels)
    assert document.text == "at the bottom"


def test_entities_are_neither_expanded_nor_read(read):
    document = read("x.html", '<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>A &a; B')
    assert "root:" not in document.text


def test_remote_and_local_images_are_not_fetched(read):
    document = read("x.md", "![alt](http://127.0.0.1:9/a.png) ![b](file:///etc/hostname)\n\ntext")
    assert "text" in document.text


def test_a_page_without_text_says_so(read):
    assert read("x.html", "<html><body></body></html>").notes == ("No text was found in it.",)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.txt", "x" * 2**21, "document_too_large"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "document_damaged"),
        ("a.pdf", b"%PDF-1.7\nnothing else", "document_damaged"),
    ],
)
def test_errors_name_the_file_as_people_know_it(read, name, content, code):
    with pytest.raises(MunimentError) as caught:
        read(name, content)
    assert caught.value.code == code
    assert name in caught.value.message or "PDF" in caught.value.message
    assert "stored-under-another-name" not in caught.value.message
    assert caught.value.hint


def test_an_image_of_too_many_pixels_is_refused_unread(read):
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)), (b"IDAT", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    with pytest.raises(MunimentError) as caught:
        read("big.png", content)
    assert caught.value.code == "image_too_large"
