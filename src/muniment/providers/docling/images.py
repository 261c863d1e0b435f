"""Looks at an image's header before its pixels are decoded."""

import warnings
from pathlib import Path

from muniment.errors import DocumentError
from muniment.providers.docling.jobs import Limits


def check_image(path: Path, name: str, limits: Limits) -> None:
    """Refuse images of more pixels or frames than the limits allow.

    Raises:
        DocumentError: ``image_too_large``, ``too_many_pages`` or ``document_damaged``.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.MAX_IMAGE_PIXELS = None
            with Image.open(path) as image:
                width, height = image.size
                frames = getattr(image, "n_frames", 1)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DocumentError(
            f"{name} is a damaged image: {reason}.",
            code="document_damaged",
            hint="Scan or export the page again.",
        ) from error
    if width * height > limits.max_pixels:
        raise DocumentError(
            f"{name} has {width} x {height} pixels; at most {limits.max_pixels // 10**6} million are read.",
            code="image_too_large",
            hint="Scale the image down: 300 dots per inch are enough for OCR.",
        )
    if frames > limits.max_pages:
        raise DocumentError(
            f"{name} has {frames} pages; the limit is {limits.max_pages}.",
            code="too_many_pages",
            hint="Split the file, or raise parser.max_pages.",
        )
