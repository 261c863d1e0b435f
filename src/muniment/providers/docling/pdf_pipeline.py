"""PDF and image files to a DoclingDocument, with nothing but packages: no model hub, no PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docling_core.types.doc.document import DoclingDocument

from muniment.providers.docling.pdf_assembly import assemble
from muniment.providers.docling.pdf_checks import count_pages
from muniment.providers.docling.pdf_layout import reduce_page
from muniment.providers.docling.pdf_page import Page, RawPage
from muniment.providers.docling.pdf_reading import read_pages

OnPage = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PdfOptions:
    """How PDFs and images are read.

    Attributes:
        ocr: read pages that are only an image.
        artifacts_path: folder with Docling's own model weights; when set, its full pipeline is used.
        max_pages: longer files are refused.
        threads: threads that decode pages.
    """

    ocr: bool = True
    artifacts_path: Path | None = None
    max_pages: int = 20_000
    threads: int = 2


@dataclass(frozen=True, slots=True)
class PdfResult:
    """A converted document, and what a reader of it should know.

    Attributes:
        document: every body item has a page and a box.
        ocr_pages: pages read by OCR.
        unread_pages: image-only pages left out because OCR is off.
        failed_pages: pages that could not be read.
    """

    document: DoclingDocument
    ocr_pages: tuple[int, ...] = ()
    unread_pages: tuple[int, ...] = ()
    failed_pages: tuple[int, ...] = ()


def convert_pdf(path: Path, options: PdfOptions, on_page: OnPage | None = None) -> PdfResult:
    """Convert a PDF.

    Args:
        path: the file.
        options: see :class:`PdfOptions`.
        on_page: called after each page with the number of pages read and the number there are.

    Raises:
        DocumentError: ``document_empty``, ``pdf_encrypted``, ``document_damaged``, ``pdf_no_pages`` or
            ``too_many_pages``.
    """
    total = count_pages(path, options.max_pages)
    pages: dict[int, Page] = {}
    failed: list[int] = []
    for done, raw in enumerate(read_pages(path, options.threads), start=1):
        if isinstance(raw, RawPage):
            pages[raw.number] = reduce_page(raw)
        else:
            failed.append(raw)
        if on_page is not None:
            on_page(done, total)
    document = assemble([pages[number] for number in sorted(pages)], path.stem)
    return PdfResult(document, failed_pages=tuple(sorted(failed)))
