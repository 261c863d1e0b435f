"""Compares what was found and cited with the places that a question's labels name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from muniment.globs import Selection
from muniment.types import Citation, LabelledQuestion, PageLabel, Passage, Span, SpanLabel

_WORD = re.compile(r"[^\W_]+")

LEAST_WORDS = 4
"""Shorter quotes must be there in full."""
NEARLY = 94
"""Percent of the characters of a quote that must agree where a document was read with small faults."""

Target = str | PageLabel | SpanLabel
"""A place that a label names: a document, a page, or a stretch of text."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage or a citation stands. ``ranges`` are characters of the document as parsed."""

    document_id: str
    document_name: str
    pages: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]
    text: str


def place_of_passage(passage: Passage) -> Place:
    """Where a passage stands."""
    chunk = passage.chunk
    return Place(passage.document_id, passage.document_name, chunk.pages, _ranges(chunk.spans), chunk.text)


def place_of_citation(citation: Citation) -> Place:
    """Where a citation points."""
    pages = tuple(sorted({span.page for span in citation.spans if span.page is not None}))
    ranges = _ranges(citation.spans)
    return Place(citation.document_id, citation.document_name, pages, ranges, citation.quote)


def targets(question: LabelledQuestion) -> tuple[Target, ...]:
    """The places that searches are measured by: the finest that are labelled."""
    return question.spans or question.pages or tuple(dict.fromkeys(question.documents))


def cited_targets(question: LabelledQuestion) -> tuple[Target, ...]:
    """The places that citations are measured by: pages, else documents, else spans.

    Another sentence of the labelled page is evidence too; which one a label's author quotes is chance.
    """
    return question.pages or tuple(dict.fromkeys(question.documents)) or question.spans


def page_targets(question: LabelledQuestion) -> tuple[Target, ...]:
    """The labelled pages."""
    return question.pages


def document_targets(question: LabelledQuestion) -> tuple[str, ...]:
    """The labelled documents: those named, or those of the labelled pages and spans."""
    named = question.documents or (
        *(page.document for page in question.pages),
        *(span.document for span in question.spans),
    )
    return tuple(dict.fromkeys(name for name in named if name))


def hits(place: Place, wanted: Sequence[Target], documents: Sequence[str] = ()) -> tuple[int, ...]:
    """The numbers, from 0, of the targets that the place holds.

    Args:
        documents: the question's; a target that names none lies in one of these, or anywhere without them.
    """
    return tuple(number for number, target in enumerate(wanted) if holds(place, target, documents))


def holds(place: Place, target: Target, documents: Sequence[str] = ()) -> bool:
    """Whether the place is in the document, on the page, or shares enough of the stretch of text."""
    if isinstance(target, str):
        return _is_in(place, target)
    within = (target.document,) if target.document else documents
    if within and not any(_is_in(place, name) for name in within):
        return False
    if isinstance(target, PageLabel):
        return target.page in place.pages
    if target.start is not None and target.end is not None:
        return _covers(place.ranges, target.start, target.end)
    return has_quote(place.text, target.quote)


def cites(place: Place, target: Target, documents: Sequence[str] = ()) -> bool:
    """Whether a citation at the place points at the target; of a stretch of text, any part will do."""
    if holds(place, target, documents):
        return True
    if isinstance(target, str | PageLabel):
        return False
    within = (target.document,) if target.document else documents
    if within and not any(_is_in(place, name) for name in within):
        return False
    if target.start is not None and target.end is not None:
        return any(first < target.end and target.start < last for first, last in place.ranges)
    return has_quote(target.quote, place.text)


def names_document(label: str, document_id: str, name: str) -> bool:
    """Whether the label is the document's id, its name, the last part of its name, or a glob of these."""
    return label in (document_id, name, name.rpartition("/")[2]) or _glob(label).counts(name)


def has_quote(text: str, quote: str) -> bool:
    """Whether the text has the quote; only letters and digits are compared.

    A chunk may end within a sentence: then its end, or its beginning, must be half of the quote, and at
    least four words. The cells of a table are read in different orders: then all numbers must be there, and
    half of the quote in a row. Scans are read with small faults: then all numbers must be there, and nearly
    all letters.
    """
    wanted, there = _words(quote), _words(text)
    if not wanted:
        return False
    starts = range(len(there) - len(wanted) + 1)
    if any(there[start] == wanted[0] and there[start : start + len(wanted)] == wanted for start in starts):
        return True
    if len(wanted) < LEAST_WORDS:
        return False
    return _cut_off(there, wanted) or _nearly(there, wanted)


def stands_in(text: str, quote: str) -> bool:
    """Whether a whole document has the quote, as ``has_quote`` would find it in a passage of it."""
    wanted, there = _words(quote), tuple(_WORD.findall(text.casefold()))
    if f" {' '.join(wanted)} " in f" {' '.join(there)} ":
        return True
    return len(wanted) >= LEAST_WORDS and _nearly(there, wanted)


def reaches_into(length: int, start: int, end: int) -> bool:
    """Whether half of the stretch lies in a text of this many characters."""
    return 2 * (min(end, length) - start) >= end - start


def _cut_off(there: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the text begins or ends within the quote, behind or before at least half of it."""
    least = max(LEAST_WORDS, (len(wanted) + 1) // 2)
    sizes = range(least, min(len(wanted), len(there) + 1))
    return any(there[-size:] == wanted[:size] or there[:size] == wanted[-size:] for size in sizes)


def _nearly(there: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the text has all numbers of the quote, and half of its words in a row or nearly all letters."""
    numbers = {word for word in wanted if not word.isalpha()}
    if len(there) < len(wanted) or not numbers.issubset(there):
        return False
    size = max(LEAST_WORDS, (len(wanted) + 1) // 2)
    runs = {wanted[start : start + size] for start in range(len(wanted) - size + 1)}
    if numbers and any(there[start : start + size] in runs for start in range(len(there) - size + 1)):
        return True
    from rapidfuzz.fuzz import partial_ratio

    return partial_ratio(" ".join(wanted), " ".join(there), score_cutoff=NEARLY) > 0


def _is_in(place: Place, label: str) -> bool:
    return names_document(label, place.document_id, place.document_name)


def _covers(ranges: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether the ranges cover half of the stretch."""
    shared = sum(max(0, min(end, last) - max(start, first)) for first, last in ranges)
    return 2 * shared >= end - start


def _ranges(spans: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    return tuple((span.start, span.end) for span in spans)


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


@lru_cache(maxsize=4096)
def _glob(label: str) -> Selection:
    return Selection((label,), ())
