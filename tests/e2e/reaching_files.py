"""Documents that try to reach out: to a server, and to files that are none of their business."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SECRET = "The code of the safe is 4711."
"""Stands in a file outside of every source."""

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_RELATION = '<Relationship Id="r{}" Type="{}" Target="{}"{}/>'
_WORD = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="{}" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body><w:p><w:r>'
    "<w:t>Word</w:t><w:drawing><wp:inline><a:graphic><a:graphicData><pic:pic><pic:blipFill>"
    '<a:blip r:link="r1" r:embed="r1"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
    "</w:drawing></w:r></w:p></w:body></w:document>"
)
_PDF = """%PDF-1.7
1 0 obj <</Type /Catalog /Pages 2 0 R /OpenAction <</S /URI /URI ({0}pdf-open)>>
 /AA <</WC <</S /SubmitForm /F ({0}pdf-form)>> >> >> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R
 /Resources <</Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>> >>
 /XObject <</X1 5 0 R>> >> >> endobj
4 0 obj <</Length 55>> stream
BT /F1 12 Tf 20 200 Td (A page of a PDF) Tj ET /X1 Do
endstream endobj
5 0 obj <</Type /XObject /Subtype /Image /Width 9 /Height 9 /ColorSpace /DeviceGray /BitsPerComponent 8
 /F <</FS /URL /F ({0}pdf-image)>> /Length 0>> stream
endstream endobj
trailer <</Root 1 0 R>>
%%EOF
"""


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine: its address, and the paths it has been asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<p>fetched</p>")

        do_HEAD = do_POST = do_GET  # noqa: N815 (names of http.server)

        def log_message(self, format: str, *arguments: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()
        thread.join()


def write_reaching_files(folder: Path, url: str, secret: Path) -> list[str]:
    """Write one of each format; their names."""
    files = {
        "page.html": _page(url) + _page(secret.as_uri() + "?"),
        "note.md": f"# Note\n\n![one]({url}md) ![two]({secret})\n\n<img src='{url}md-html'>\n\n[x]: {url}ref",
        "manual.adoc": f"= Manual\n\ninclude::{url}adoc[]\n\ninclude::{secret}[]\n\nimage::{url}image[]\n",
        "article.nxml": _article(url, secret),
        "letter.eml": "From: a@example.com\nTo: b@example.com\nSubject: Letter\nMIME-Version: 1.0\n"
        f"Content-Type: text/html; charset=utf-8\n\n{_page(url)}",
        "table.csv": f'name,value\n"=WEBSERVICE(""{url}csv"")",1\n',
        "page.pdf": _PDF.format(url),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "word.docx").write_bytes(_word(url, secret))
    return [*files, "word.docx"]


def _page(base: str) -> str:
    return (
        f"<html><head><base href='{base}'><link rel=stylesheet href='{base}css'>"
        f"<meta http-equiv=refresh content='0;url={base}refresh'><style>@import url({base}import);</style>"
        f"<script src='{base}script'></script></head><body><h1>Page</h1><p>Text of a page.</p>"
        f"<img src='{base}img' srcset='{base}img2 2x'><iframe src='{base}frame'></iframe>"
        f"<object data='{base}object'></object><embed src='{base}embed'><video src='{base}video'></video>"
        f"<svg><image href='{base}svg'/></svg><picture><source srcset='{base}picture'></picture></body>"
        "</html>"
    )


def _article(url: str, secret: Path) -> str:
    return (
        f'<?xml version="1.0"?><!DOCTYPE article SYSTEM "{url}dtd" '
        f'[<!ENTITY far SYSTEM "{url}entity"><!ENTITY near SYSTEM "{secret.as_uri()}">]>'
        '<article xmlns:xi="http://www.w3.org/2001/XInclude"><front><article-meta><title-group>'
        "<article-title>Article</article-title></title-group></article-meta></front>"
        f'<body><p>Text &far; &near;</p><xi:include href="{url}xinclude"/></body></article>'
    )


def _word(url: str, secret: Path) -> bytes:
    outside = ' TargetMode="External"'
    relations = [
        _RELATION.format(1, f"{_OFFICE}/image", f"{url}docx-image", outside),
        _RELATION.format(2, f"{_OFFICE}/attachedTemplate", f"{url}docx-template", outside),
        _RELATION.format(3, f"{_OFFICE}/oleObject", secret.as_uri(), outside),
    ]
    members = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _RELATIONS.format(
            _RELATION.format(1, f"{_OFFICE}/officeDocument", "word/document.xml", "")
        ),
        "word/_rels/document.xml.rels": _RELATIONS.format("".join(relations)),
        "word/document.xml": _WORD.format(_OFFICE),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()
