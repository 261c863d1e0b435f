"""What Docling cannot read with its structure, as a document of paragraphs: HTML that nests too deeply."""

import re
from html.parser import HTMLParser

from docling_core.types.doc import DoclingDocument
from docling_core.types.doc.labels import DocItemLabel

from muniment.providers.docling.plain_text import paragraphs


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BLOCKS = _tags(
    "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul"
)
_ENDLESS = _tags(
    "area base br col embed hr img input link meta param source track wbr "
    "p li dt dd td th tr thead tbody tfoot option optgroup colgroup rt rp html head body"
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(/?)>")
_HIDDEN = frozenset(("script", "style", "template", "noscript", "head"))


def document_of_text(text: str, name: str) -> DoclingDocument:
    """One text item for each paragraph; paragraphs are parted by blank lines."""
    document = DoclingDocument(name=name)
    for paragraph in paragraphs(text):
        document.add_text(label=DocItemLabel.TEXT, text=paragraph)
    return document


def text_of_html(html: str) -> str:
    """The visible text of ``html``, paragraphs parted by blank lines; any depth of nesting."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


def nests_deeper(html: str, levels: int) -> bool:
    """Whether elements nest deeper than ``levels``; those that need no end tag are not counted."""
    depth = 0
    for tag in _TAG.finditer(html):
        if tag[2].lower() in _ENDLESS or tag[3] == "/":
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > levels:
            return True
    return False


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _BLOCKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._hidden and (words := " ".join(data.split())):
            self.parts.append(words + " ")

    def _break(self) -> None:
        if self.parts and self.parts[-1] != "\n\n":
            self.parts.append("\n\n")
