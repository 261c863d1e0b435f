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
from muniment.types import Box

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

RENDER_SECONDS = 30
MAX_SIDE_PIXELS = 4000


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to draw: ``boxes`` in points from the top left, ``scale`` in pixels per point."""

    path: Path
    page: int
    boxes: tuple[Box, ...]
    scale: float


async def render_page(request: PageRequest) -> bytes:
    """PNG of the page with the boxes marked.

    Raises:
        NotFoundError: code ``no_page_image``, for formats that have no pages to draw.
        DocumentError: code ``page_not_drawn``, when rendering failed or took too long.
    """
    boxes = [[box.left, box.top, box.right, box.bottom] for box in request.boxes]
    order = {"path": str(request.path), "page": request.page, "boxes": boxes, "scale": request.scale}
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
        raise _not_drawn(request.page, f"it took longer than {RENDER_SECONDS} s") from error
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
        raise _not_drawn(request.page, reason[-1] if reason else f"exit code {process.returncode}")
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
    from PIL import Image, ImageDraw

    order = json.load(sys.stdin)
    path = Path(order["path"])
    page = order["page"]
    drawn = _pdf_page(path, page, order["scale"]) if _is_pdf(path) else _image_page(path, page)
    if drawn is None:
        sys.exit(NO_IMAGE)
    image, points_to_pixels = drawn
    overlay = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(overlay)
    for box in order["boxes"]:
        left, top, right, bottom = (value * points_to_pixels for value in box)
        draw.rectangle(
            (left - 3, top - 3, right + 3, bottom + 3),
            fill=(255, 214, 0, 64),
            outline=(214, 90, 0, 255),
            width=2,
        )
    marked = Image.alpha_composite(image.convert("RGBA"), overlay).convert("RGB")
    out = io.BytesIO()
    marked.save(out, "PNG")
    sys.stdout.buffer.write(out.getvalue())


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF-" in file.read(1024)


def _pdf_page(path: Path, page: int, scale: float) -> "tuple[Picture, float]":
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    side = max(document[page - 1].get_size())
    scale = min(scale, MAX_SIDE_PIXELS / max(side, 1))
    return document[page - 1].render(scale=scale).to_pil(), scale


def _image_page(path: Path, page: int) -> "tuple[Picture, float] | None":
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(path)
        image.seek(page - 1)
    except (UnidentifiedImageError, EOFError):
        return None
    shrink = min(1.0, MAX_SIDE_PIXELS / max(image.size))
    width, height = (max(1, round(side * shrink)) for side in image.size)
    return image.convert("RGB").resize((width, height)), shrink


if __name__ == "__main__":
    main()
