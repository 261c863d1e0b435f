"""Lines to running text: spaces between lines, and words that were hyphenated at a line's end."""

import re
from collections.abc import Iterable, Sequence

from muniment.providers.docling.pdf_page import Line

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CUT = re.compile(r"([^\W\d_]+)[-\u2010\u00ad\x02]$")
_HEAD = re.compile(r"^[^\W\d_]+")


def vocabulary(lines: Iterable[Line]) -> set[str]:
    """Words of a document in lower case, hyphenated compounds whole, cut-off ends of lines left out."""
    words: set[str] = set()
    for line in lines:
        found = _WORD.findall(line.text.lower())
        words.update(found[:-1] if _CUT.search(line.text) else found)
    return words


def join_lines(texts: Sequence[str], words: set[str]) -> str:
    """Join the lines of a paragraph with spaces, mending words cut at a line's end.

    Whether "high-" and "risk" are one word or a compound is decided by the document itself: by which of
    "highrisk" and "high-risk" it uses elsewhere. When it uses neither, the hyphen was the typesetter's.
    """
    joined = ""
    for text in texts:
        joined = join_pair(joined, text, words) if joined else text
    return joined


def join_pair(first: str, second: str, words: set[str]) -> str:
    """Join two consecutive lines; see :func:`join_lines`."""
    cut, head = _CUT.search(first), _HEAD.match(second)
    if not cut or not head or not head[0][0].islower():
        return f"{first} {second}"
    start, end = cut[1].lower(), head[0].lower()
    if f"{start}{end}" not in words and f"{start}-{end}" in words:
        return first + second
    return first[:-1] + second
