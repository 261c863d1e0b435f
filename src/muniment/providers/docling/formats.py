"""Which format a file really is: by its content where that is clear, else by its name."""

import codecs
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from muniment.errors import DocumentError, UnsupportedFormatError
from muniment.providers.docling import archives


class Format(StrEnum):
    """The formats that can be read."""

    PDF = "PDF"
    DOCX = "DOCX"
    PPTX = "PPTX"
    XLSX = "XLSX"
    CSV = "CSV"
    HTML = "HTML"
    MARKDOWN = "Markdown"
    ASCIIDOC = "AsciiDoc"
    TEXT = "plain text"
    IMAGE = "image"


SUPPORTED = (
    "PDF, DOCX, DOCM, PPTX, PPTM, XLSX, XLSM, CSV, TSV, HTML, Markdown, AsciiDoc, "
    "plain text (TXT, VTT and any other file of text), PNG, JPEG, TIFF, WEBP"
)

_BY_EXTENSION = {
    ".pdf": Format.PDF,
    ".docx": Format.DOCX,
    ".docm": Format.DOCX,
    ".dotx": Format.DOCX,
    ".dotm": Format.DOCX,
    ".pptx": Format.PPTX,
    ".pptm": Format.PPTX,
    ".ppsx": Format.PPTX,
    ".ppsm": Format.PPTX,
    ".potx": Format.PPTX,
    ".xlsx": Format.XLSX,
    ".xlsm": Format.XLSX,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xhtml": Format.HTML,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".adoc": Format.ASCIIDOC,
    ".asciidoc": Format.ASCIIDOC,
    ".asc": Format.ASCIIDOC,
    ".txt": Format.TEXT,
    ".text": Format.TEXT,
    ".png": Format.IMAGE,
    ".jpg": Format.IMAGE,
    ".jpeg": Format.IMAGE,
    ".tif": Format.IMAGE,
    ".tiff": Format.IMAGE,
    ".webp": Format.IMAGE,
}
_TEXT_FORMATS = {Format.CSV, Format.HTML, Format.MARKDOWN, Format.ASCIIDOC, Format.TEXT}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_OTHERS = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
)
_HTML_START = re.compile(
    rb"^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_MAIL_NAMES = (".eml", ".emlx", ".mbox", ".mht", ".mhtml")
_MAIL_START = re.compile(
    rb"(From \S[^\r\n]*\r?\n)?([!-9;-~]+:[^\r\n]*\r?\n([ \t][^\r\n]*\r?\n)*)*?mime-version:", re.IGNORECASE
)
"""A block of header fields with the one that every e-mail of more than plain text has (RFC 2045)."""
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file's format, and a note when its name says something else."""

    format: Format
    note: str = ""


def recognise(path: Path, name: str, *, max_unpacked_bytes: int) -> Recognised:
    """The format of the file at ``path``, called ``name``.

    Raises:
        DocumentError: ``document_empty``, ``document_encrypted``, ``archive_bomb`` or ``archive_unsafe``.
        UnsupportedFormatError: none of the formats that can be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b"\x00 \t\r\n"):
        what = "is empty" if not head else "holds nothing but blanks"
        raise DocumentError(
            f"{name} {what}.", code="document_empty", hint="Check how the file was made or copied."
        )
    claimed = _claimed(name)
    found = _binary_format(path, name, head, claimed, max_unpacked_bytes)
    if found is None:
        found = _text_format(head, claimed, name)
    if claimed is None or found is claimed:
        return Recognised(found)
    return Recognised(
        # Not the extension itself: what is told of a content holds for all names of one form.
        found,
        f"The name says that it is {claimed.value}, but the content is {found.value}.",
    )


def form(name: str) -> str:
    """What of a name decides how a file is read."""
    claimed = _claimed(name)
    if claimed is None and name.lower().endswith(_MAIL_NAMES):
        return "e-mail"
    return claimed.value if claimed is not None else "any format"


def _claimed(name: str) -> Format | None:
    return _BY_EXTENSION.get(PurePosixPath(name).suffix.lower())


def _binary_format(
    path: Path, name: str, head: bytes, claimed: Format | None, max_unpacked_bytes: int
) -> Format | None:
    """The format of a file with a signature; None for what may be text."""
    if b"%PDF-" in head[:1024]:
        return Format.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        kind = archives.check_archive(path, name, max_unpacked_bytes=max_unpacked_bytes)
        if kind in ("DOCX", "PPTX", "XLSX"):
            return Format[kind]
        raise _unsupported(name, kind)
    if head.startswith(_OLE):
        raise _old_office(path, name)
    if _is_image(head):
        return Format.IMAGE
    if claimed is Format.PDF and (b" obj" in head or b"endobj" in head):
        return Format.PDF
    for signature, what in _OTHERS:
        if head.startswith(signature) and (len(signature) > 2 or _CONTROL.search(head)):
            raise _unsupported(name, what)
    return None


def _is_image(head: bytes) -> bool:
    return head.startswith(_IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _text_format(head: bytes, claimed: Format | None, name: str) -> Format:
    if text_encoding(head) is None:
        raise _unsupported(name, "binary data of an unknown kind")
    if _is_mail(head, claimed, name):
        raise _unsupported(
            name,
            "an e-mail or a page saved as one (MIME), with attachments encoded as text",
            hint="Save the message as PDF, HTML or plain text, and its attachments as files of their own.",
        )
    sample = head
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in head[:64]:
        sample = decode(head).encode()
    if _HTML_START.match(sample.removeprefix(codecs.BOM_UTF8)):
        # Markdown may well begin with markup; its name is the better witness then.
        return Format.MARKDOWN if claimed is Format.MARKDOWN else Format.HTML
    return claimed if claimed in _TEXT_FORMATS else Format.TEXT


def _is_mail(head: bytes, claimed: Format | None, name: str) -> bool:
    """Whether text is a MIME message: by its name, or by its header when the name says nothing."""
    if claimed is not None:
        return False
    return name.lower().endswith(_MAIL_NAMES) or _MAIL_START.match(head) is not None


def text_encoding(data: bytes) -> str | None:
    """The encoding of ``data``: by its mark, else UTF-8, UTF-16, cp1252; None when it is not text."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    zeros = data.count(0)
    if zeros:
        return _unmarked_utf16(data) if zeros > len(data) // 8 else None
    if len(_CONTROL.findall(data)) > len(data) // 200:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _unmarked_utf16(data: bytes) -> str | None:
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if odd > len(data) // 6 and even * 20 < odd:
        return "utf-16-le"
    if even > len(data) // 6 and odd * 20 < even:
        return "utf-16-be"
    return None


def decode(data: bytes) -> str:
    """``data`` as text; bytes that fit no encoding become Latin-1 or the replacement character."""
    encoding = text_encoding(data) or "latin-1"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1" if encoding == "cp1252" else encoding, errors="replace")


def text_of_file(path: Path) -> str:
    """The text of a file, whatever it was written in, without a byte order mark."""
    return decode(path.read_bytes()).removeprefix("\ufeff")


def _old_office(path: Path, name: str) -> DocumentError | UnsupportedFormatError:
    with path.open("rb") as file:
        if "EncryptedPackage".encode("utf-16-le") in file.read(4_000_000):
            return DocumentError(
                f"{name} is protected by a password.",
                code="document_encrypted",
                hint="Save a copy without the password and ingest that.",
            )
    return _unsupported(name, "an Office file of the old kind (.doc, .xls, .ppt) or an Outlook message")


def _unsupported(
    name: str, found: str, hint: str = "Save it in one of the supported formats, such as PDF or DOCX."
) -> UnsupportedFormatError:
    return UnsupportedFormatError(
        f"{name} is {found}, which cannot be read. Supported: {SUPPORTED}.", hint=hint
    )
