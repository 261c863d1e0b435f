"""Scanned pages are read in the same way, whichever way up they lie."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from made_pdfs import HEIGHT, LOREM, WIDTH, body, paragraph
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from muniment.providers.docling.pdf_page import Box, turned
from muniment.providers.docling.pdf_pipeline import PdfOptions, convert_image, convert_pdf

LINES = ["Delivery note for order 4711", "Two pumps and one valve were sent", "Signed by the store keeper"]
TEXT = " ".join(LINES)


def _scan(turn: int = 0) -> Image.Image:
    """An A4 page at 100 dpi, turned clockwise."""
    image = Image.new("RGB", (827, 1169), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=26)
    for index, line in enumerate(LINES):
        draw.text((90, 120 + 44 * index), line, fill="black", font=font)
    return image.rotate(-turn, expand=True, fillcolor="white")


def _page_of(image: Image.Image) -> Callable[[Canvas], None]:
    def draw(canvas: Canvas) -> None:
        width, height = (WIDTH, HEIGHT) if image.height > image.width else (HEIGHT, WIDTH)
        canvas.setPageSize((width, height))
        canvas.drawImage(ImageReader(image), 0, 0, width, height)

    return draw


def _words(texts: list[tuple[str, str]]) -> str:
    return " ".join(text for _, text in texts)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_scanned_page_is_read_however_it_is_turned(make_pdf: Callable[..., Path], turn: int) -> None:
    result = convert_pdf(make_pdf(_page_of(_scan(turn))), PdfOptions())

    assert _words(body(result.document)) == TEXT
    assert result.ocr_pages == (1,)


def test_the_boxes_of_a_turned_page_lie_where_the_text_is_shown(make_pdf: Callable[..., Path]) -> None:
    document = convert_pdf(make_pdf(_page_of(_scan(90))), PdfOptions()).document

    size = document.pages[1].size
    assert size.width > size.height
    upright = Box(90 * 0.72, 120 * 0.72, 560 * 0.72, 240 * 0.72)
    expected = turned(upright, 90, WIDTH, HEIGHT)
    box = document.texts[0].prov[0].bbox.to_top_left_origin(size.height)
    shown = Box(box.l, box.t, box.r, box.b)
    assert shown.overlap(expected) > 0.8 * shown.area


def test_only_the_scanned_pages_of_a_mixed_file_go_through_ocr(make_pdf: Callable[..., Path]) -> None:
    path = make_pdf(lambda canvas: paragraph(canvas, 60, 80, LOREM), _page_of(_scan()))

    result = convert_pdf(path, PdfOptions())

    assert result.ocr_pages == (2,)
    assert _words(body(result.document)).endswith(TEXT)


def test_without_ocr_a_scanned_page_is_named_and_left_out(make_pdf: Callable[..., Path]) -> None:
    result = convert_pdf(make_pdf(_page_of(_scan())), PdfOptions(ocr=False))

    assert result.unread_pages == (1,)
    assert body(result.document) == []


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    path = tmp_path / "note.tiff"
    _scan().save(path, save_all=True, append_images=[_scan(180)], dpi=(100, 100))

    result = convert_image(path, PdfOptions())

    assert sorted(result.document.pages) == [1, 2]
    assert _words(body(result.document)) == f"{TEXT} {TEXT}"
    assert result.document.pages[1].size.width == pytest.approx(595, abs=1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_images_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"note.{kind.lower()}"
    data = BytesIO()
    _scan().save(data, kind)
    path.write_bytes(data.getvalue())

    assert _words(body(convert_image(path, PdfOptions()).document)) == TEXT
