"""One row of a questions file, made into a labelled question."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from muniment.types import LabelledQuestion, PageLabel, SpanLabel

FIELDS = (
    "id", "question", "answer", "answers", "expected_answer", "document", "documents", "page", "pages",
    "span", "spans", "quote", "quotes", "unanswerable", "drafted", "kind",
)  # fmt: skip
"""Names that mean something. Other fields are left alone, unless they look like one of these misspelt."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")
_SPAN = re.compile(r"(?P<document>.+):(?P<start>\d+)-(?P<end>\d+)")


class RowError(ValueError):
    """What is wrong with a row."""


def question_of(row: Mapping[str, object]) -> LabelledQuestion:
    """The question of a row; its id is empty when the row has none.

    Raises:
        RowError: a field is missing, misspelt or of the wrong type.
    """
    for name in row:
        if name not in FIELDS and (near := get_close_matches(name.strip().lower(), FIELDS, n=1, cutoff=0.8)):
            raise RowError(f"unknown field {name!r}; did you mean {near[0]!r}?")
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise RowError("`question` is missing or no text")
    answers = tuple(one for name in ("answer", "answers", "expected_answer") for one in _texts(row, name))
    unanswerable = _truth(row, "unanswerable")
    if unanswerable and answers:
        raise RowError(f"it is `unanswerable`, and yet its answer is {answers[0]!r}; take one of them away")
    documents = (*_texts(row, "document"), *_texts(row, "documents"))
    only = documents[0] if len(documents) == 1 else ""
    return LabelledQuestion(
        id=_id(row.get("id")),
        question=text.strip(),
        answers=answers,
        documents=documents,
        pages=tuple(
            page
            for name in ("page", "pages")
            for item in _list(row.get(name))
            for page in _pages(item, documents)
        ),
        spans=(
            *(_span(item, only) for name in ("span", "spans") for item in _list(row.get(name))),
            *(SpanLabel(only, quote) for name in ("quote", "quotes") for quote in _texts(row, name)),
        ),
        unanswerable=unanswerable,
        drafted=bool(_truth(row, "drafted")),
        kind="; ".join(_texts(row, "kind")),
    )


def _id(value: object) -> str:
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return "" if value is None else str(value).strip()
    raise RowError(f"`id` must be text or a number, not {value!r}")


def _list(value: object) -> list[object]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _texts(row: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = []
    for item in _list(row.get(name)):
        if not isinstance(item, str | int | float) or isinstance(item, bool):
            raise RowError(f"`{name}` must be text or a list of texts, not {item!r}")
        if str(item).strip():
            found.append(str(item).strip())
    return tuple(found)


def _truth(row: Mapping[str, object], name: str) -> bool | None:
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return value
    written = str(value).strip().lower()
    if written in _TRUE:
        return True
    if written in _FALSE:
        return False if written else None
    raise RowError(f"`{name}` must be true or false, not {value!r}")


def _pages(item: object, documents: tuple[str, ...]) -> tuple[PageLabel, ...]:
    """A page: a number in the documents of the row, ``name#number``, or an object."""
    if isinstance(item, Mapping):
        return (PageLabel(_number(item.get("page"), "page"), str(item.get("document") or "")),)
    if isinstance(item, str) and "#" in item:
        document, _, page = item.rpartition("#")
        return (PageLabel(_number(page, "pages"), document.strip()),)
    # A bare number with several documents is a page of any of them: which one, the row does not say.
    return (PageLabel(_number(item, "pages"), documents[0] if len(documents) == 1 else ""),)


def _number(value: object, name: str) -> int:
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RowError(f'`{name}` must be a whole number, such as 5 or "handbook.pdf#5", not {value!r}')
    if value == 0 and name in ("page", "pages"):
        raise RowError(f"`{name}`: pages count from 1")
    return value


def _span(item: object, only: str) -> SpanLabel:
    """A stretch of text: an object, or ``name:start-end``."""
    if isinstance(item, str) and (match := _SPAN.fullmatch(item.strip())):
        item = match.groupdict()
    if not isinstance(item, Mapping):
        raise RowError(f'`spans` must be objects or "name:start-end", not {item!r}')
    unknown = set(item) - {"document", "quote", "start", "end"}
    if unknown:
        raise RowError(f"a span has document, quote, start and end; unknown: {', '.join(sorted(unknown))}")
    document, quote = str(item.get("document") or only), str(item.get("quote") or "").strip()
    if item.get("start") is None and item.get("end") is None:
        if not quote:
            raise RowError("a span needs `start` and `end`, or a `quote`")
        return SpanLabel(document, quote)
    start, end = _number(item.get("start"), "start"), _number(item.get("end"), "end")
    if end <= start:
        raise RowError(f"a span must end behind its start; this one is {start}-{end}")
    if not document:
        raise RowError("a span with `start` and `end` needs its `document`")
    return SpanLabel(document, quote, start, end)
