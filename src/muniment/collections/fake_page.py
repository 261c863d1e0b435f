"""The one page that every document of the workspace in memory has."""

import io
from collections.abc import Iterable

from PIL import Image, ImageDraw

from muniment.types import Page, Span

PAGE = Page(1, 200.0, 100.0)


def fake_page_image(lines: Iterable[Span], ranges: tuple[tuple[int, int], ...], scale: float) -> bytes:
    """PNG of a white page with a frame around each line that a character range touches."""
    image = Image.new("RGB", (round(PAGE.width * scale), round(PAGE.height * scale)), "white")
    draw = ImageDraw.Draw(image)
    for span in lines:
        if span.box and any(start < span.end and span.start < end for start, end in ranges):
            box = span.box
            corners = (box.left, box.top, box.right, box.bottom)
            draw.rectangle([value * scale for value in corners], outline="red", width=2)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
