"""PDF and image files to a DoclingDocument, with nothing but packages: no model hub, no PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docling_core.types.doc.document import DoclingDocument

from muniment.errors import DocumentError
from muniment.providers.docling.pdf_assembly import assemble
from muniment.providers.docling.pdf_checks import count_pages
from muniment.providers.docling.pdf_layout import reduce_page
from muniment.providers.docling.pdf_models import convert_with_models
from muniment.providers.docling.pdf_page import Page, RawPage
from muniment.providers.docling.pdf_reading import read_pages
from muniment.providers.docling.pdf_scans import is_scan, ocr_image, ocr_pdf_page

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
        SettingsError: ``artifacts_unusable`` when the folder of weights or the packages for it are missing.
    """
    total = count_pages(path, options.max_pages)
    if options.artifacts_path is not None:
        return PdfResult(convert_with_models(path, options.artifacts_path, options.threads, options.ocr))
    pages: dict[int, Page] = {}
    unread: list[int] = []
    failed: list[int] = []
    for done, raw in enumerate(read_pages(path, options.threads), start=1):
        if not isinstance(raw, RawPage):
            failed.append(raw)
        elif not is_scan(raw):
            pages[raw.number] = reduce_page(raw)
        elif options.ocr:
            pages[raw.number] = reduce_page(ocr_pdf_page(path, raw, options.threads))
        else:
            unread.append(raw.number)
            pages[raw.number] = reduce_page(raw)
        if on_page is not None:
            on_page(done, total)
    return _result(pages, path.stem, unread, failed)


def convert_image(path: Path, options: PdfOptions, on_page: OnPage | None = None) -> PdfResult:
    """Convert a PNG, JPEG, TIFF or WEBP file by OCR; each frame of a TIFF is a page.

    Raises:
        DocumentError: ``document_empty``, ``document_damaged``, ``image_too_large``, ``too_many_pages`` or
            ``ocr_disabled``.
    """
    if not options.ocr:
        raise DocumentError(
            f"{path.name} is an image, and OCR is off.",
            code="ocr_disabled",
            hint="Set the parser's option ocr to true, or leave images out of the source.",
        )
    pages: dict[int, Page] = {}
    for raw, total in ocr_image(path, options.max_pages, options.threads):
        pages[raw.number] = reduce_page(raw)
        if on_page is not None:
            on_page(raw.number, total)
    return _result(pages, path.stem, [], [])


def _result(pages: dict[int, Page], name: str, unread: list[int], failed: list[int]) -> PdfResult:
    ordered = [pages[number] for number in sorted(pages)]
    by_ocr = tuple(page.number for page in ordered if page.by_ocr)
    return PdfResult(assemble(ordered, name), by_ocr, tuple(sorted(unread)), tuple(sorted(failed)))
