"""What is marked on the picture of a page is what was cited, whatever resolution the file states."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from made_pdfs import paragraph
from PIL import Image, ImageDraw, ImageFont
from PIL.TiffImagePlugin import AppendingTiffWriter

from muniment.collections.page_image import PageRequest, render_page
from muniment.providers.docling.pdf_pipeline import PdfOptions, convert_image, convert_pdf
from muniment.providers.docling.view import view
from muniment.types import Box, Page, ParsedDocument

ORIENTATION = 0x0112  # the EXIF tag
WIDTH, HEIGHT = 850, 1100
BAR = (100, 300, 500, 340)  # left, top, right, bottom in pixels
ROOM = 8  # pixels that a frame may stand away from what it marks


def _picture(word: str = "") -> Image.Image:
    """A white page with one black bar, or one line of large print where the bar would be."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    if word:
        draw.text(BAR[:2], word, fill="black", font=ImageFont.load_default(size=36))
    else:
        draw.rectangle(BAR, fill="black")
    return image


async def _drawn(path: Path, page: Page, *boxes: Box, scale: float = 1.5) -> np.ndarray:
    png = await render_page(PageRequest(path, page, boxes, scale))
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(np.int16)


def _bounds(chosen: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(chosen)
    return columns.min(), rows.min(), columns.max(), rows.max()


def _check_marked(pixels: np.ndarray, room: int = ROOM) -> None:
    """The frame holds all of the dark pixels, and little else."""
    marked = _bounds(pixels[:, :, 0] - pixels[:, :, 2] > 40)
    dark = _bounds(pixels.min(axis=2) < 20)
    assert dark[0] - room <= marked[0] <= dark[0]
    assert dark[1] - room <= marked[1] <= dark[1]
    assert dark[2] <= marked[2] <= dark[2] + room
    assert dark[3] <= marked[3] <= dark[3] + room


def _parsed(path: Path) -> ParsedDocument:
    document = convert_image(path, PdfOptions()).document
    return view(document, content_hash="0" * 64, parser="test")


@pytest.mark.parametrize("scale", [0.5, 1.5])
@pytest.mark.parametrize("dpi", [72, 150, 300])
async def test_the_mark_is_where_the_text_is_at_any_resolution(
    tmp_path: Path, dpi: int, scale: float
) -> None:
    path = tmp_path / "bar.png"
    _picture().save(path, dpi=(dpi, dpi))
    points = 72 / dpi
    page = Page(1, WIDTH * points, HEIGHT * points)

    pixels = await _drawn(path, page, Box(*(side * points for side in BAR)), scale=scale)

    assert pixels.shape[:2] == (HEIGHT, WIDTH), "an image keeps its own pixels"
    _check_marked(pixels)


async def test_a_picture_too_large_to_show_is_marked_at_the_same_place(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    _picture().resize((WIDTH * 6, HEIGHT * 6)).save(path, dpi=(600, 600))
    page = Page(1, WIDTH * 0.72, HEIGHT * 0.72)

    pixels = await _drawn(path, page, Box(*(side * 0.72 for side in BAR)))

    assert max(pixels.shape) == 4000
    _check_marked(pixels, room=3 * ROOM)


@pytest.mark.parametrize(
    ("kind", "orientation"),
    [
        *(("jpeg", orientation) for orientation in (1, 3, 6, 8)),
        ("tiff", 6),
        *(pytest.param("tiff", orientation, marks=pytest.mark.slow) for orientation in (1, 3, 8)),
    ],
)
async def test_a_photograph_is_drawn_upright_and_marked_where_it_was_read(
    tmp_path: Path, kind: str, orientation: int
) -> None:
    path = tmp_path / f"photograph.{kind}"
    stored = {1: 0, 3: 180, 6: 90, 8: 270}[orientation]  # counter-clockwise, as the sensor lay
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture = _picture("Delivery note for order 4711")
    picture.rotate(stored, expand=True).save(path, dpi=(300, 300), exif=exif, quality=95)

    parsed = _parsed(path)
    pixels = await _drawn(path, parsed.pages[0], *(s.box for b in parsed.blocks for s in b.spans if s.box))

    assert parsed.text == "Delivery note for order 4711"
    assert pixels.shape[:2] == (HEIGHT, WIDTH)
    _check_marked(pixels, room=2 * ROOM)


async def test_each_frame_of_a_tiff_has_its_own_resolution(tmp_path: Path) -> None:
    path = tmp_path / "pages.tiff"
    with AppendingTiffWriter(str(path), new=True) as file:
        for dpi in (100, 300):
            _picture(f"Frame at {dpi} dots").save(file, "TIFF", dpi=(dpi, dpi))
            file.newFrame()

    parsed = _parsed(path)

    assert [round(page.width) for page in parsed.pages] == [612, 204]
    for page, block in zip(parsed.pages, parsed.blocks, strict=True):
        assert block.spans[0].page == page.number
        assert block.spans[0].box is not None
        _check_marked(await _drawn(path, page, block.spans[0].box), room=2 * ROOM)


async def test_a_transparent_image_is_drawn_on_white(tmp_path: Path) -> None:
    path = tmp_path / "transparent.png"
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle(BAR, fill="black")
    image.save(path)

    _check_marked(await _drawn(path, Page(1, WIDTH, HEIGHT), Box(*BAR)))


@pytest.mark.parametrize("scale", [0.5, 1.5, 4])
async def test_a_page_of_a_pdf_is_marked_at_any_scale(make_pdf: Callable[..., Path], scale: float) -> None:
    path = make_pdf(lambda canvas: paragraph(canvas, 60, 80, "Two pumps and one valve were sent."))
    parsed = view(convert_pdf(path, PdfOptions()).document, content_hash="0" * 64, parser="test")
    box = parsed.blocks[0].spans[0].box
    assert box is not None

    _check_marked(await _drawn(path, parsed.pages[0], box, scale=scale), room=round(6 + 4 * scale))
