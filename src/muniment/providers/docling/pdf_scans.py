"""Pages without a text layer: which they are, and their images for OCR."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from muniment.errors import DocumentError
from muniment.providers.docling.pdf_ocr import Pixels, ocr_page, pixels_per_point
from muniment.providers.docling.pdf_page import Box, RawPage

if TYPE_CHECKING:
    from PIL.Image import Image

_FEW_CHARACTERS = 60  # a stamp or a page number that the scanner's software added
_COVERED = 0.5  # of the page, by images
_OUTLINES = 300  # drawn shapes on a page without a word: text turned into outlines
_MAX_PIXELS = 100_000_000  # an A4 page at 1,000 dpi; Pillow's own limit against decompression bombs is close
_SCREEN = 72.0  # points per inch, and the resolution taken when an image states none or nonsense
_LIKELY_DPI = range(72, 1201)


def is_scan(page: RawPage) -> bool:
    """Whether a page has next to no text of its own, but an image (or outlines) that may show some."""
    characters = sum(len(word.text) for word in page.words)
    if characters > _FEW_CHARACTERS:
        return False
    whole = Box(0, 0, page.width, page.height)
    covered = sum(box.overlap(whole) for box in page.drawing.images)
    return covered > _COVERED * whole.area or (not page.words and page.drawing.shapes > _OUTLINES)


def ocr_pdf_page(path: Path, page: RawPage, threads: int) -> RawPage:
    """Read a page of a PDF by OCR; only this page is rendered."""
    import numpy as np
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        rendered = document[page.number - 1]
        scale = pixels_per_point(page.width, page.height)
        image = np.ascontiguousarray(rendered.render(scale=scale, rev_byteorder=False).to_numpy()[:, :, :3])
    finally:
        document.close()
    return ocr_page(image, page.number, page.width, page.height, threads)


def ocr_image(path: Path, max_pages: int, threads: int) -> Iterator[tuple[RawPage, int]]:
    """Read each frame of an image file by OCR; yields the page and how many there are.

    Raises:
        DocumentError: ``document_empty``, ``document_damaged``, ``image_too_large`` or ``too_many_pages``.
    """
    from PIL import Image, UnidentifiedImageError

    if path.stat().st_size == 0:
        raise DocumentError(
            f"{path.name} is empty (0 bytes).", code="document_empty", hint="Replace it by a complete copy."
        )
    try:
        with Image.open(path) as image:
            frames = getattr(image, "n_frames", 1)
            if frames > max_pages:
                raise DocumentError(
                    f"{path.name} has {frames} frames, more than the limit of {max_pages}.",
                    code="too_many_pages",
                    hint="Split the file, or raise the parser's option max_pages.",
                )
            for index in range(frames):
                image.seek(index)
                _refuse_huge(path, image)
                yield _ocr_frame(image, index + 1, threads), frames
    except Image.DecompressionBombError as error:
        raise _too_large(path, str(error)) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise DocumentError(
            f"{path.name} is not a readable image: {error}",
            code="document_damaged",
            hint="Fetch the file again, or save it anew as PNG.",
        ) from error


def _refuse_huge(path: Path, image: "Image") -> None:
    if image.width * image.height > _MAX_PIXELS:
        raise _too_large(path, f"{image.width} x {image.height} pixels")


def _too_large(path: Path, size: str) -> DocumentError:
    return DocumentError(
        f"{path.name} is too large to decode ({size}); at most {_MAX_PIXELS:,} pixels are read.",
        code="image_too_large",
        hint="Scale the image down to 300 dpi.",
    )


def _ocr_frame(image: "Image", number: int, threads: int) -> RawPage:
    import numpy as np
    from PIL import ImageOps

    stated = image.info.get("dpi", (_SCREEN, _SCREEN))[0]
    dpi = float(stated) if round(float(stated)) in _LIKELY_DPI else _SCREEN
    upright = ImageOps.exif_transpose(image)
    width, height = upright.width * _SCREEN / dpi, upright.height * _SCREEN / dpi
    rgb = _flattened(upright)
    scale = pixels_per_point(rgb.width, rgb.height)
    if scale < 1:
        rgb = rgb.resize((max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale))))
    pixels: Pixels = np.ascontiguousarray(np.asarray(rgb)[:, :, ::-1])
    return ocr_page(pixels, number, width, height, threads)


def _flattened(image: "Image") -> "Image":
    """The image on white: transparent pixels are black underneath as often as not."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")
