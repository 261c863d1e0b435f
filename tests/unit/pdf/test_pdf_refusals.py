"""Files that cannot be read are refused by name, each with a way out."""

from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from made_pdfs import LOREM, paragraph
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from muniment.errors import DocumentError, MunimentError, SettingsError
from muniment.providers.docling.pdf_pipeline import PdfOptions, convert_image, convert_pdf


def _text(canvas: Canvas) -> None:
    paragraph(canvas, 60, 80, LOREM)


def _refusal(path: Path, options: PdfOptions | None = None) -> MunimentError:
    with pytest.raises(MunimentError) as caught:
        convert_pdf(path, options or PdfOptions())
    assert caught.value.hint
    return caught.value


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.pdf"
    path.touch()

    assert _refusal(path).code == "document_empty"


def test_an_encrypted_file(make_pdf: Callable[..., Path]) -> None:
    path = make_pdf(_text, encrypt=StandardEncryption("secret", canPrint=0))

    assert _refusal(path).code == "pdf_encrypted"


def test_a_file_without_pages(tmp_path: Path) -> None:
    path = tmp_path / "none.pdf"
    document = pypdfium2.PdfDocument.new()
    document.save(path)
    document.close()

    assert _refusal(path).code == "pdf_no_pages"


def test_a_truncated_file(make_pdf: Callable[..., Path]) -> None:
    path = make_pdf(_text)
    path.write_bytes(path.read_bytes()[:200])

    assert _refusal(path).code == "document_damaged"


def test_a_file_that_is_no_pdf(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_text("<html><body>not a PDF</body></html>")

    assert _refusal(path).code == "document_damaged"


def test_more_pages_than_allowed(make_pdf: Callable[..., Path]) -> None:
    path = make_pdf(_text, _text, _text)

    refusal = _refusal(path, PdfOptions(max_pages=2))

    assert refusal.code == "too_many_pages"
    assert isinstance(refusal, DocumentError)


def test_weights_that_are_not_there(make_pdf: Callable[..., Path], tmp_path: Path) -> None:
    refusal = _refusal(make_pdf(_text), PdfOptions(artifacts_path=tmp_path / "nowhere"))

    assert refusal.code == "artifacts_unusable"
    assert isinstance(refusal, SettingsError)


def test_an_image_when_ocr_is_off(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        convert_image(tmp_path / "any.png", PdfOptions(ocr=False))

    assert caught.value.code == "ocr_disabled"


def test_a_damaged_image(tmp_path: Path) -> None:
    path = tmp_path / "damaged.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n but nothing after it")

    with pytest.raises(DocumentError) as caught:
        convert_image(path, PdfOptions())

    assert caught.value.code == "document_damaged"
