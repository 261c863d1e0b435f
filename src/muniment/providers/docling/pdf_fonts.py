"""Names of fonts that the decoder knows by their resource key only.

For the fourteen standard fonts, which need no description in the file, it reports "F1" where the file says
"Helvetica-Bold". Whether text is bold, italic or code hangs on that name, so PDFium is asked for it: one
character of each unknown font, once per document.
"""

import ctypes
import re
from collections.abc import Iterable
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from muniment.providers.docling.pdf_page import Word

_KEY = re.compile(r"^[A-Za-z]{1,3}\+?\d{1,3}(\+\d)?$")


class FontNames:
    """Looks up and remembers the names of a document's standard fonts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, str] = {}

    def named(self, words: Iterable[Word], page_number: int, page_height: float) -> tuple[Word, ...]:
        """The words of one page, fonts known by a resource key replaced by their names."""
        words = tuple(words)
        unknown = {
            word.font: word for word in words if _KEY.match(word.font) and word.font not in self._names
        }
        if unknown:
            self._names |= self._ask(unknown, page_number, page_height)
        return tuple(word._replace(font=self._names.get(word.font, word.font)) for word in words)

    def _ask(self, samples: dict[str, Word], page_number: int, page_height: float) -> dict[str, str]:
        document = pypdfium2.PdfDocument(self._path)
        try:
            page = document[page_number - 1]
            if page.get_rotation():
                return {}  # ask again on a page where both see the same coordinates
            text = page.get_textpage()
            found = {}
            for key, word in samples.items():
                x, y = word.box.l + 0.3 * word.box.height, page_height - (word.box.t + word.box.b) / 2
                index = pdfium.FPDFText_GetCharIndexAtPos(text, x, y, 4, 4)
                found[key] = _font_name(text, index) if index >= 0 else key
            return {key: name for key, name in found.items() if name}
        finally:
            document.close()


def _font_name(text: pypdfium2.PdfTextPage, index: int) -> str:
    buffer, flags = ctypes.create_string_buffer(256), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text, index, buffer, len(buffer), ctypes.byref(flags))
    return buffer.value.decode("utf-8", "replace")
