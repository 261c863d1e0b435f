"""Looks for labels that no search can find, which would else look like a bad search."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from muniment.errors import MunimentError
from muniment.evaluation.labels import document_targets, names_document, reaches_into, stands_in
from muniment.types import Document, LabelledQuestion, PageLabel, ParsedDocument, SpanLabel

NAMED_LABELS = 5
MOST_READ = 500
"""Documents read at most to look for quotes; what may stand in the others is left alone."""
SHOWN_CHARS = 60

Parsed = Callable[[str], Awaitable[ParsedDocument]]
"""Gives the document with this id, as parsed."""


@dataclass(slots=True)
class _Wanted:
    """A stretch of text that a question wants to see found. ``within`` are documents; empty for any."""

    question: LabelledQuestion
    span: SpanLabel
    within: tuple[str, ...]
    chars: int = -1
    """Length of the longest document it may stand in; -1 while none was read."""
    settled: bool = False

    def look(self, document: ParsedDocument) -> None:
        """Whether it stands in this document."""
        self.chars = max(self.chars, len(document.text))
        if self.span.start is not None and self.span.end is not None:
            self.settled = reaches_into(len(document.text), self.span.start, self.span.end)
        else:
            self.settled = stands_in(document.text, self.span.quote)


class LabelCheck:
    """Takes the documents of a collection as they go by, and tells which labels fit none of them.

    Unanswerable questions have no labels that could be found, and are left out.
    """

    def __init__(self, questions: Iterable[LabelledQuestion]) -> None:
        self._questions = [one for one in questions if not one.unanswerable]
        self._unknown = {label for one in self._questions for label in document_targets(one)}
        self._documents: list[Document] = []

    def add(self, document: Document) -> None:
        """Take note of a document."""
        self._unknown -= {label for label in self._unknown if _names(label, document)}
        if document.chunks:
            self._documents.append(document)

    async def notes(self, parsed: Parsed) -> tuple[str, ...]:
        """What can never be found, in words; documents are read where quotes and spans are labelled."""
        found = (
            ("The collection has no document for these labels", sorted(self._unknown)),
            ("These pages are in no document", list(self._pages())),
            ("These quotes and spans stand in no document as it is parsed", await self._texts(parsed)),
        )
        return tuple(_listed(what, labels) for what, labels in found if labels)

    def _pages(self) -> Iterator[str]:
        for question in self._questions:
            for label in question.pages:
                held = [one.pages for one in self._documents if _is_within(one, _within(question, label))]
                if held and max(held) < label.page:
                    place = f" of {label.document}" if label.document else ""
                    has = {0: "no pages", 1: "1 page"}.get(max(held), f"{max(held)} pages")
                    yield f"page {label.page}{place}, which has {has} ({question.id})"

    async def _texts(self, parsed: Parsed) -> list[str]:
        wanted = [_Wanted(one, span, _within(one, span)) for one in self._questions for span in one.spans]
        read = 0
        for document in self._documents:
            here = [one for one in wanted if not one.settled and _is_within(document, one.within)]
            if not here:
                continue
            read += 1
            text = await _read(parsed, document.document_id) if read <= MOST_READ else None
            for one in here:
                if text is None:
                    # It may stand in what was not read.
                    one.settled = True
                else:
                    one.look(text)
        return [_shown(one) for one in wanted if not one.settled and one.chars >= 0]


async def _read(parsed: Parsed, document_id: str) -> ParsedDocument | None:
    try:
        return await parsed(document_id)
    except MunimentError:
        return None


def _within(question: LabelledQuestion, label: PageLabel | SpanLabel) -> tuple[str, ...]:
    return (label.document,) if label.document else question.documents


def _is_within(document: Document, within: tuple[str, ...]) -> bool:
    return not within or any(_names(label, document) for label in within)


def _names(label: str, document: Document) -> bool:
    return names_document(label, document.document_id, document.name)


def _shown(wanted: _Wanted) -> str:
    span, asked = wanted.span, wanted.question.id
    if span.start is not None and span.end is not None:
        return f"{span.document}:{span.start}-{span.end}, which has {wanted.chars} characters ({asked})"
    quote = span.quote if len(span.quote) <= SHOWN_CHARS else f"{span.quote[: SHOWN_CHARS - 1]}…"
    return f"“{quote}” ({asked})"


def _listed(what: str, labels: list[str]) -> str:
    more = f" and {len(labels) - NAMED_LABELS} more" if len(labels) > NAMED_LABELS else ""
    return f"{what}: {', '.join(labels[:NAMED_LABELS])}{more}."
