"""Draws a page with the cited boxes marked, in a process of its own: a PDF may crash what renders it.

Run as ``python -m muniment.collections.page_image``: reads a JSON request on standard input, writes
a PNG to standard output.
"""

import asyncio
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from muniment.errors import DocumentError, NotFoundError
from muniment.types import Box, Page

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

RENDER_SECONDS = 30
MAX_SIDE_PIXELS = 4000
_PEN_SHARE = 600  # of the longer side: the frame is as visible on a scan of 300 dpi as on a screen's page


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to draw.

    Attributes:
        path: the PDF or image file.
        page: the page as parsed; ``boxes`` are in its points, so its size says where they lie in the picture.
        boxes: places to mark, in points from the top left.
        scale: pixels per point; an image file is drawn with the pixels that it has.
    """

    path: Path
    page: Page
    boxes: tuple[Box, ...]
    scale: float


async def render_page(request: PageRequest) -> bytes:
    """PNG of the page with the boxes marked.

    Raises:
        NotFoundError: code ``no_page_image``, for formats that have no pages to draw.
        DocumentError: code ``page_not_drawn``, when rendering failed or took too long.
    """
    boxes = [[box.left, box.top, box.right, box.bottom] for box in request.boxes]
    order = {
        "path": str(request.path),
        "page": request.page.number,
        "size": [request.page.width, request.page.height],
        "boxes": boxes,
        "scale": request.scale,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "muniment.collections.page_image",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RENDER_SECONDS):
            image, complaint = await process.communicate(json.dumps(order).encode())
    except TimeoutError as error:
        raise _not_drawn(request.page.number, f"it took longer than {RENDER_SECONDS} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == NO_IMAGE:
        raise NotFoundError(
            "This document has no pages that could be drawn.",
            code="no_page_image",
            hint="Only PDF files and images have page images; read the text of the document instead.",
        )
    if process.returncode != 0:
        reason = complaint.decode(errors="replace").strip().splitlines()
        raise _not_drawn(request.page.number, reason[-1] if reason else f"exit code {process.returncode}")
    return image


def _not_drawn(page: int, reason: str) -> DocumentError:
    return DocumentError(
        f"Page {page} could not be drawn: {reason}.",
        code="page_not_drawn",
        hint="Open the original file instead.",
    )


NO_IMAGE = 3


def main() -> None:
    """Answer one request."""
    order = json.load(sys.stdin)
    path = Path(order["path"])
    page = order["page"]
    image = _pdf_page(path, page, order["scale"]) if _is_pdf(path) else _image_page(path, page)
    if image is None:
        sys.exit(NO_IMAGE)
    out = io.BytesIO()
    _marked(image, order["boxes"], order["size"]).save(out, "PNG")
    sys.stdout.buffer.write(out.getvalue())


def _marked(image: "Picture", boxes: list[list[float]], size: list[float]) -> "Picture":
    """The picture of a page of this size in points with the boxes marked, whatever its resolution is."""
    from PIL import Image, ImageDraw

    across, down = (pixels / points for pixels, points in zip(image.size, size, strict=True))
    pen = max(2, round(max(image.size) / _PEN_SHARE))
    room = 1.5 * pen
    overlay = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(overlay)
    for left, top, right, bottom in boxes:
        draw.rectangle(
            (left * across - room, top * down - room, right * across + room, bottom * down + room),
            fill=(255, 214, 0, 64),
            outline=(214, 90, 0, 255),
            width=pen,
        )
    return Image.alpha_composite(image.convert("RGBA"), overlay).convert("RGB")


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF-" in file.read(1024)


def _pdf_page(path: Path, page: int, scale: float) -> "Picture":
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    side = max(document[page - 1].get_size())
    picture: Picture = document[page - 1].render(scale=min(scale, MAX_SIDE_PIXELS / max(side, 1))).to_pil()
    return picture


def _image_page(path: Path, page: int) -> "Picture | None":
    """The frame as the parser saw it: upright, and on white where it is transparent."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image: Picture = Image.open(path)
        image.seek(page - 1)
    except (UnidentifiedImageError, EOFError):
        return None
    ImageOps.exif_transpose(image, in_place=True)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    shrink = min(1.0, MAX_SIDE_PIXELS / max(image.size))
    width, height = (max(1, round(side * shrink)) for side in image.size)
    return image.convert("RGB").resize((width, height))


if __name__ == "__main__":
    main()
