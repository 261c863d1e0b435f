"""Turn a laid-out document into a grey, slightly crooked scan."""

from __future__ import annotations

import io

import numpy as np
import pypdfium2
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

DPI = 200
TILT = 0.7


def scan_bytes(source: bytes, title: str, seed: int, turned: tuple[int, ...] = ()) -> bytes:
    """Render each page, damage it a little and wrap it as an image-only PDF.

    ``turned`` holds the 1-based pages that lay sideways on the scanner.
    """
    random = np.random.default_rng(seed)
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor("Front office, Acme Corporate SE")
    canvas.setCreator("Front office scanner")
    with pypdfium2.PdfDocument(source) as pdf:
        for number, page in enumerate(pdf, 1):
            image = page.render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
            image = damage(image, random, TILT if number % 2 else -TILT)
            if number in turned:
                image = image.transpose(Image.Transpose.ROTATE_90)
            add_page(canvas, image)
    canvas.save()
    return stream.getvalue()


def damage(image: Image.Image, random: np.random.Generator, tilt: float) -> Image.Image:
    """Rotate, shade and add noise."""
    image = image.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=255)
    pixels = np.asarray(image, dtype=np.float32)
    height, width = pixels.shape
    shade = np.linspace(0, 9, width, dtype=np.float32)
    noise = random.normal(0, 3.5, (height, width)).astype(np.float32)
    pixels = 18 + pixels * (232 / 255) - shade + noise
    for _ in range(40):
        y, x = int(random.integers(height - 3)), int(random.integers(width - 3))
        pixels[y : y + 2, x : x + 2] = 90
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def add_page(canvas: Canvas, image: Image.Image) -> None:
    """Place one bitmap as a JPEG on a page of its size."""
    width, height = (side * 72 / DPI for side in image.size)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=42, optimize=True, dpi=(DPI, DPI))
    canvas.setPageSize((width, height))
    canvas.drawImage(ImageReader(io.BytesIO(jpeg.getvalue())), 0, 0, width, height)
    canvas.showPage()
