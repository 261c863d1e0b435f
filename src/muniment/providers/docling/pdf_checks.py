"""What is refused before any parsing: files that are empty, encrypted, damaged, too long, without pages."""

import re
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from muniment.errors import DocumentError

_NO_PAGES = re.compile(rb"/Count\s+0\b")
_PAGE = re.compile(rb"/Type\s*/Page\b")
_PASSWORD_NEEDED = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)


def count_pages(path: Path, max_pages: int) -> int:
    """Number of pages of a PDF that can be opened.

    Raises:
        DocumentError: ``document_empty``, ``pdf_encrypted``, ``document_damaged``, ``pdf_no_pages`` or
            ``too_many_pages``.
    """
    if path.stat().st_size == 0:
        raise DocumentError(
            f"{path.name} is empty (0 bytes).",
            code="document_empty",
            hint="Replace the file by a complete copy.",
        )
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise _cannot_open(path, error) from error
    try:
        pages = len(document)
    finally:
        document.close()
    if pages == 0:
        raise _no_pages(path)
    if pages > max_pages:
        raise DocumentError(
            f"{path.name} has {pages} pages, more than the limit of {max_pages}.",
            code="too_many_pages",
            hint="Split the file, or raise the parser's option max_pages.",
        )
    return pages


def _cannot_open(path: Path, error: pypdfium2.PdfiumError) -> DocumentError:
    """The reason why PDFium refuses a file.

    Its error code alone will not do: for a file without pages it leaves the code of the failure before.
    """
    data = path.read_bytes()
    if _NO_PAGES.search(data) and not _PAGE.search(data):
        return _no_pages(path)
    if error.err_code in _PASSWORD_NEEDED and b"/Encrypt" in data:
        return DocumentError(
            f"{path.name} is encrypted and needs a password.",
            code="pdf_encrypted",
            hint="Save a copy without password protection and ingest that one.",
        )
    return DocumentError(
        f"{path.name} is not a readable PDF: {error}",
        code="document_damaged",
        hint="Fetch the file again; if a viewer can open it, print it to a new PDF and ingest that one.",
    )


def _no_pages(path: Path) -> DocumentError:
    return DocumentError(
        f"{path.name} has no pages.",
        code="pdf_no_pages",
        hint="Open the file in a viewer; if it shows pages there, print it to a new PDF and use that.",
    )
