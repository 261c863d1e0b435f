"""Pages out of a PDF: words, drawn lines and image places, decoded by docling-parse.

The decoder runs in threads and hands pages over one by one; nothing is rendered. At most a few decoded
pages exist at a time, so memory does not grow with the length of the file.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docling_core.types.doc.base import BoundingBox, CoordOrigin
from docling_core.types.doc.page import BoundingRectangle, PdfShape, PdfTextCell, SegmentedPdfPage, TextCell
from docling_parse.pdf_parser import (
    ContentConfig,
    ContentLevel,
    DecodeConfig,
    DoclingThreadedPdfParser,
    PageParseResult,
    ThreadedPdfParserConfig,
)

from muniment.errors import DocumentError
from muniment.providers.docling.pdf_fonts import FontNames
from muniment.providers.docling.pdf_orientation import upright
from muniment.providers.docling.pdf_page import Box, Drawing, RawPage, Rule, Word

_DINGBATS = re.compile(r"wingding|dingbat|webding|bullet|ibmsm", re.IGNORECASE)
_BULLET = "•"
_PAGES_IN_FLIGHT = 4
_RELEASE_EVERY = 24  # pages after which the decoder gives its caches back
_MAX_SHAPES = 6000  # a map or a chart, not a table; reading its strokes would take seconds and gain nothing
_THIN = 3.0  # points: a filled rectangle this thin is a ruling line
_SHORTEST_RULE = 6.0  # points
_LARGEST_MARK = 9.0  # points: a drawn bullet


def read_pages(path: Path, threads: int) -> Iterator[RawPage | int]:
    """Yield each page in the order of completion; a bare page number for a page that cannot be decoded.

    Raises:
        DocumentError: ``document_damaged`` when the decoder cannot open the file.
    """
    parser = _parser(threads)
    try:
        key = parser.load(path)
    except (RuntimeError, ValueError) as error:
        raise DocumentError(
            f"{path.name} cannot be read: it is damaged, or protected in a way the decoder does not know.",
            code="document_damaged",
            hint="Open the file in a viewer and print it to a new PDF, then ingest that one.",
        ) from error
    fonts = FontNames(path)
    for result in parser.iterate_results():
        try:
            yield _page(result, fonts) if result.success else result.page_number
        except (RuntimeError, ValueError):  # a page whose content the decoder accepted but cannot hand over
            yield result.page_number
    parser.unload(key)


def _parser(threads: int) -> DoclingThreadedPdfParser:
    full, skip = ContentLevel.COMPUTE_AND_MATERIALIZE, ContentLevel.SKIP
    config = ThreadedPdfParserConfig(
        loglevel="fatal",
        threads=threads,
        max_concurrent_results=_PAGES_IN_FLIGHT,
        render_config=None,
        page_content_config=ContentConfig(
            char_cells_content_level=ContentLevel.COMPUTE,  # words are made of them
            word_cells_content_level=full,
            line_cells_content_level=skip,
            shapes_content_level=full,
            bitmaps_content_level=full,
            include_bitmap_bytes=False,
        ),
    )
    decode = DecodeConfig(enforce_same_font=True, release_native_memory_every_n_pages=_RELEASE_EVERY)
    return DoclingThreadedPdfParser(parser_config=config, decode_config=decode)


def _page(result: PageParseResult, fonts: FontNames) -> RawPage:
    segmented = result.get_page()
    width, height = result.page_width, result.page_height
    words: list[Word] = []
    turns: list[int] = []
    places: set[tuple[str, int, int]] = set()
    for cell in segmented.word_cells:
        word = _word(cell, width, height)
        if word is None or _is_repeated(word, places):
            continue
        if word.text == _BULLET and words and words[-1].text == _BULLET and _adjoins(words[-1], word):
            continue  # one bullet made of two characters
        words.append(word)
        turns.append(_turn(cell))
    drawing = _drawing(segmented, width, height)
    page = RawPage(result.page_number, width, height, fonts.named(words, result.page_number, height), drawing)
    return upright(page, turns)


def _word(cell: TextCell, width: float, height: float) -> Word | None:
    text = cell.text.strip()
    box = _word_box(cell.rect, height)
    visible = box.r > 0 and box.b > 0 and box.l < width and box.t < height
    if not text or not visible or box.width <= 0 or box.height <= 0:
        return None
    font = cell.font_name.lstrip("/") if isinstance(cell, PdfTextCell) else ""
    return Word(box, _BULLET if _is_picture_font(font) else text, font)


@cache
def _is_picture_font(font: str) -> bool:
    """Whether the characters of a font are codes of little pictures, bullets for the most part."""
    return bool(_DINGBATS.search(font))


def _word_box(rect: BoundingRectangle, height: float) -> Box:
    """The upright box around a rectangle that may be turned; faster than by way of Docling's own boxes."""
    xs = rect.r_x0, rect.r_x1, rect.r_x2, rect.r_x3
    ys = rect.r_y0, rect.r_y1, rect.r_y2, rect.r_y3
    if rect.coord_origin == CoordOrigin.TOPLEFT:
        return Box(min(xs), min(ys), max(xs), max(ys))
    return Box(min(xs), height - max(ys), max(xs), height - min(ys))


def _adjoins(first: Word, second: Word) -> bool:
    return abs(first.box.r - second.box.l) < second.box.height and first.box.y_overlap(second.box) > 0


def _is_repeated(word: Word, places: set[tuple[str, int, int]]) -> bool:
    """Whether the word was painted before, at most a little apart: so a bold or shadowed look is made."""
    x, y = round(word.box.l / 2), round(word.box.t / 2)
    if any((word.text, x + right, y + down) in places for right in (0, -1, 1) for down in (0, -1, 1)):
        return True
    places.add((word.text, x, y))
    return False


def _turn(cell: TextCell) -> int:
    """Clockwise rotation of a word as displayed, to the nearest quarter: the direction of its baseline."""
    right, up = cell.rect.r_x1 - cell.rect.r_x0, cell.rect.r_y1 - cell.rect.r_y0
    if cell.rect.coord_origin == CoordOrigin.TOPLEFT:
        up = -up
    if abs(right) >= abs(up):
        return 0 if right >= 0 else 180
    return 270 if up > 0 else 90


def _box(box: BoundingBox, height: float) -> Box:
    top_left = box.to_top_left_origin(height)
    return Box(top_left.l, top_left.t, top_left.r, top_left.b)


def _drawing(page: SegmentedPdfPage, width: float, height: float) -> Drawing:
    horizontal: list[Rule] = []
    vertical: list[Rule] = []
    marks: list[Box] = []
    if len(page.shapes) <= _MAX_SHAPES:
        for shape in page.shapes:
            box = _extent(shape, height)
            if box.width > 0.97 * width and box.height > 0.97 * height:
                continue  # the page's background
            if max(box.width, box.height) < _LARGEST_MARK:
                marks.append(box)
            elif _is_straight(shape, box):
                _add_rules(box, horizontal, vertical)
    images = tuple(
        box
        for bitmap in page.bitmap_resources
        for box in [_box(bitmap.rect.to_bounding_box(), height)]
        if box.width > 1 and box.height > 1
    )
    return Drawing(tuple(horizontal), tuple(vertical), tuple(marks), images, len(page.shapes))


def _extent(shape: PdfShape, height: float) -> Box:
    xs = [point.x for point in shape.points]
    ys = [point.y for point in shape.points]
    if shape.coord_origin == CoordOrigin.BOTTOMLEFT:
        ys = [height - y for y in ys]
    return Box(min(xs), min(ys), max(xs), max(ys)) if xs else Box(0, 0, 0, 0)


def _is_straight(shape: PdfShape, box: Box) -> bool:
    """A line, or a rectangle that is drawn or shaded; a white one is there to hide what is below it."""
    if min(box.width, box.height) <= _THIN:
        return True
    fill = shape.rgb_filling
    white = fill is not None and min(fill.r, fill.g, fill.b) > 250
    return len(shape.points) in (4, 5) and not white


def _add_rules(box: Box, horizontal: list[Rule], vertical: list[Rule]) -> None:
    if box.height <= _THIN:
        horizontal.append(Rule((box.t + box.b) / 2, box.l, box.r))
    elif box.width <= _THIN:
        vertical.append(Rule((box.l + box.r) / 2, box.t, box.b))
    elif box.height >= _SHORTEST_RULE:
        horizontal += [Rule(box.t, box.l, box.r), Rule(box.b, box.l, box.r)]
        vertical += [Rule(box.l, box.t, box.b), Rule(box.r, box.t, box.b)]
