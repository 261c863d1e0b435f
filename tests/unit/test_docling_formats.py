"""Files are what their content says, and archives are looked at before they are opened."""

import io
import zipfile
from pathlib import Path

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import DocumentError, MunimentError, UnsupportedFormatError
from muniment.providers.docling.formats import Format, Recognised, decode, form, recognise, text_encoding

MB = 2**20


def kind_of(folder: Path, name: str, content: bytes) -> Recognised:
    path = folder / "file"
    path.write_bytes(content)
    return recognise(path, name, max_unpacked_bytes=64 * MB)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(**extra: bytes) -> bytes:
    return zipped(
        {"word/document.xml": b"<w/>", **{name.replace("__", "/"): data for name, data in extra.items()}}
    )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"%PDF-1.7\n", Format.PDF),
        ("a.PDF", b"junk before\n%PDF-1.4", Format.PDF),
        ("a.docx", docx(), Format.DOCX),
        ("a.pptx", zipped({"ppt/presentation.xml": b"<p/>"}), Format.PPTX),
        ("a.xlsx", zipped({"xl/workbook.xml": b"<x/>"}), Format.XLSX),
        ("a.xlsm", zipped({"xl/workbook.xml": b"<x/>"}), Format.XLSX),
        ("a.csv", b"name,price\npump,9\n", Format.CSV),
        ("a.html", b"<p>no declaration", Format.HTML),
        ("a.htm", "\ufeff<!DOCTYPE html><p>x".encode("utf-16"), Format.HTML),
        ("a.md", b"# Title\n\ntext", Format.MARKDOWN),
        ("a.md", b"<!doctype html>\n\n# after markup", Format.MARKDOWN),
        ("a.adoc", b"= Title\n\ntext", Format.ASCIIDOC),
        ("a.txt", b"text", Format.TEXT),
        ("README", b"text", Format.TEXT),
        ("a.log", b"text", Format.TEXT),
        ("a.vtt", b"WEBVTT\n\n00:11.000 --> 00:13.000\nWe are in York\n", Format.TEXT),
        ("minutes", b"From: Alice\nTo: Bob\n\nMIME-Version: is not in the header\n", Format.TEXT),
        ("notes.txt", b"From: Alice\nMIME-Version: 1.0\n\nHello\n", Format.TEXT),
        ("a.png", b"\x89PNG\r\n\x1a\n....", Format.IMAGE),
        ("a.jpeg", b"\xff\xd8\xff\xe0....", Format.IMAGE),
        ("a.tif", b"II*\x00....", Format.IMAGE),
        ("a.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", Format.IMAGE),
    ],
)
def test_the_format_is_recognised(tmp_path, name, content, expected):
    assert kind_of(tmp_path, name, content) == Recognised(expected)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", b"<html><body>hello", Format.HTML),
        ("a.docx", b"%PDF-1.7\n", Format.PDF),
        ("a.txt", b"\x89PNG\r\n\x1a\n....", Format.IMAGE),
        ("a.pdf", b"only text", Format.TEXT),
        ("a.xlsx", docx(), Format.DOCX),
    ],
)
def test_a_wrong_extension_is_noted_and_the_content_read(tmp_path, name, content, expected):
    found = kind_of(tmp_path, name, content)
    assert found.format is expected
    assert expected.value in found.note
    assert f"The name says that it is {form(name)}" in found.note


@pytest.mark.parametrize("content", [b"", b"  \n\t ", b"\x00" * 100])
def test_a_file_without_content_is_empty(tmp_path, content):
    with pytest.raises(DocumentError) as caught:
        kind_of(tmp_path, "a.pdf", content)
    assert caught.value.code == "document_empty"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (zipped({"a.txt": b"x"}), "zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old kind"),
        (b"\x1f\x8b\x08\x00" + bytes(range(256)), "gzip"),
        (b"GIF89a" + bytes(range(256)), "GIF"),
        (b"\x7fELF" + bytes(range(256)), "program"),
        (bytes(range(256)) * 20, "binary data"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_can(tmp_path, content, found):
    with pytest.raises(UnsupportedFormatError) as caught:
        kind_of(tmp_path, "a.bin", content)
    assert found in caught.value.message
    assert "DOCX" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.eml", b"From: a@example.com\n\nHello"),
        ("a.EML", b"Hello"),
        ("a.mbox", b"From a@example.com Mon Jan  5 09:00:00 2026\nSubject: x\n\nHello"),
        ("a.mhtml", b"From: <Saved>\r\nMIME-Version: 1.0\r\n\r\nx"),
        ("1767604800.M1P2", b"Received: by x;\r\n\tMon\r\nFrom: a\r\nMime-Version: 1.0\r\n\r\nHello"),
    ],
)
def test_an_email_is_refused_rather_than_its_encoded_attachments_read(tmp_path, name, content):
    with pytest.raises(UnsupportedFormatError) as caught:
        kind_of(tmp_path, name, content)
    assert "e-mail" in caught.value.message
    assert "attachments" in caught.value.hint


def test_what_lies_under_the_name_of_an_email_is_read_when_it_is_something_else(tmp_path):
    assert kind_of(tmp_path, "a.eml", b"%PDF-1.7\n").format is Format.PDF


def test_a_long_header_without_an_end_is_decided_at_once(tmp_path):
    assert kind_of(tmp_path, "a", b"a:b\n \n" * 9000).format is Format.TEXT


def test_the_hint_for_a_bomb_names_a_setting_only_where_one_helps(tmp_path):
    dense = docx(word__media__x=b"\x00" * 40 * MB)
    large = docx(**{f"word__{n}": bytes([n]) * 9 * MB for n in range(8)})
    for content, found, raised in ((dense, "grows", False), (large, "unpacks to 72 MB", True)):
        with pytest.raises(DocumentError) as caught:
            kind_of(tmp_path, "a.docx", content)
        assert found in caught.value.message
        assert ("parser.max_unpacked_mb" in caught.value.hint) is raised


def test_an_office_file_with_a_password_says_so(tmp_path):
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(DocumentError) as caught:
        kind_of(tmp_path, "a.docx", content)
    assert caught.value.code == "document_encrypted"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (docx(word__media__x=b"\x00" * 40 * MB), "archive_bomb"),
        (docx(**{f"word__{n}": bytes([n]) * 9 * MB for n in range(8)}), "archive_bomb"),
        (docx(**{"..__..__tmp__x": b"x"}), "archive_unsafe"),
        (docx(**{"__etc__x": b"x"}), "archive_unsafe"),
        (docx(**{"C:\\x": b"x"}), "archive_unsafe"),
        (
            docx(**{"word__styles.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'}),
            "archive_unsafe",
        ),
        (docx()[:-30], "document_damaged"),
    ],
)
def test_harmful_archives_are_refused_unopened(tmp_path, content, code):
    with pytest.raises(DocumentError) as caught:
        kind_of(tmp_path, "a.docx", content)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_real_office_file_passes(tmp_path):
    buffer = io.BytesIO()
    document = Document()
    document.add_paragraph("same " * 200_000)
    document.save(buffer)
    assert kind_of(tmp_path, "a.docx", buffer.getvalue()) == Recognised(Format.DOCX)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_text_is_decoded_whatever_it_was_written_in(encoding):
    text = "Gebühren für die Nutzung: 5 € je Stück\n" * 5
    assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


def test_latin_1_bytes_that_cp1252_lacks_are_kept():
    assert decode(b"caf\xe9 \x81 " * 3).startswith("café")


@given(st.text(max_size=200))
def test_utf_8_is_always_read_back(text):
    data = text.encode("utf-8", "replace")
    if text_encoding(data) == "utf-8":
        assert decode(data) == data.decode()


@given(st.binary(max_size=400), st.sampled_from(["a.pdf", "a.docx", "a.html", "a.txt", "a"]))
def test_any_bytes_are_recognised_or_refused(tmp_path_factory, data, name):
    try:
        assert kind_of(tmp_path_factory.getbasetemp(), name, data).format in Format
    except MunimentError as error:
        assert error.hint
