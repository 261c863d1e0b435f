"""Files that cannot be ingested, each with the code it must end with."""

import io
import zipfile
from pathlib import Path

import pypdfium2
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

NO_PAGES = b"""%PDF-1.4
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [] /Count 0>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""


def write_bad_files(folder: Path) -> dict[str, str]:
    """Write one of each; error codes by name."""
    whole = pdf()
    files = {
        "empty.md": (b"", "document_empty"),
        "blank.txt": (b" \n\t\n", "document_empty"),
        "picture.docx": (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "document_damaged"),
        "program.pdf": (b"\x7fELF\x02\x01\x01" + b"\0" * 64, "unsupported_format"),
        "program.bin": (b"\x7fELF\x02\x01\x01" + b"\0\xff" * 64, "unsupported_format"),
        "encrypted.pdf": (pdf(password="secret"), "pdf_encrypted"),
        "truncated.pdf": (whole[: len(whole) // 2], "document_damaged"),
        "no-pages.pdf": (NO_PAGES, "pdf_no_pages"),
        "bomb.docx": (bomb(), "archive_bomb"),
        "slip.docx": (archive({"word/document.xml": b"<w/>", "../../evil.txt": b"evil"}), "archive_unsafe"),
    }
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    return {name: code for name, (_, code) in files.items()}


def pdf(password: str = "") -> bytes:
    """A page of a line, for whoever has the password."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption(password) if password else None)
    canvas.drawString(72, 700, "Pumps take oil.")
    canvas.save()
    return buffer.getvalue()


def pages_pdf(count: int) -> bytes:
    """Empty pages."""
    document = pypdfium2.PdfDocument.new()
    for _ in range(count):
        document.new_page(200, 200).close()
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    return buffer.getvalue()


def bomb() -> bytes:
    """An Office file with a member of 256 MB of zeros."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped,
        zipped.open("word/document.xml", "w") as member,
    ):
        for _ in range(256):
            member.write(b"\0" * 1024 * 1024)
    return buffer.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return buffer.getvalue()
