"""The table of questions: one line each, with all that came of it behind it."""

from html import escape

from muniment.evaluation.html_report.plots import first_hit
from muniment.types import EvaluationReport, LabelledQuestion, QuestionResult

SHOWN_PASSAGES = 10
FILTERS = (
    ("all", "All"),
    ("wrong", "Answered wrongly"),
    ("missed", "Not found in the best 5"),
    ("refused", "Not answered"),
    ("failed", "Could not be asked"),
)


def questions_of(report: EvaluationReport) -> str:
    """All questions in the order of their file."""
    kinds = [_kinds(result) for result in report.results]
    boxes = []
    for name, title in FILTERS:
        count = len(kinds) if name == "all" else sum(name in kind for kind in kinds)
        checked = " checked" if name == "all" else ""
        box = f'<input type="radio" name="f" id="f-{name}"{checked}>'
        if count or name == "all":
            boxes.append(f"<label>{box}{title} ({count})</label>")
    head = (
        '<div class="row-head"><span>id</span><span>question</span><span>found at</span><span>answer</span>'
    )
    rows = "".join(_row(result, kind) for result, kind in zip(report.results, kinds, strict=True))
    return f'<div class="filters">{"".join(boxes)}</div>{head}<span>time</span></div>{rows}'


def _kinds(result: QuestionResult) -> tuple[str, ...]:
    """The filters that let the question through."""
    if result.failed:
        return ("failed",)
    found = {
        "wrong": result.verdict != "abstained" and result.values.get("right_answers") == 0,
        "missed": result.values.get("recall_at_5", 1.0) == 0,
        "refused": result.verdict == "abstained",
    }
    return tuple(name for name, holds in found.items() if holds)


def _row(result: QuestionResult, kinds: tuple[str, ...]) -> str:
    question = result.question
    rank = first_hit(result)
    found = ("–" if rank is None else str(rank)) if "mrr" in result.values else ""
    time = result.timings.get("answer", result.timings.get("search"))
    spent = "" if time is None else f"{time:.0f} ms"
    cells = (escape(question.id), escape(question.question), found, _verdict(result), spent)
    summary = "".join(f"<span>{cell}</span>" for cell in cells)
    inside = f"<summary>{summary}</summary><div>{_inside(result)}</div>"
    return f'<details class="{" ".join(kinds)}">{inside}</details>'


def _verdict(result: QuestionResult) -> str:
    if result.failed:
        return '<b class="bad">not asked</b>'
    if not result.verdict:
        return ""
    word = "not answered" if result.verdict == "abstained" else "answered"
    right = result.values.get("right_answers")
    if right is None:
        return word
    return f'<b class="good">right</b>, {word}' if right else f'<b class="bad">wrong</b>, {word}'


def _inside(result: QuestionResult) -> str:
    question = result.question
    parts = []
    if question.unanswerable:
        parts.append(_part("Expected", "<p>no answer: the documents do not hold it</p>"))
    elif question.answers:
        parts.append(_part("Expected", "".join(f"<p>{escape(one)}</p>" for one in question.answers)))
    if question.located:
        parts.append(_part("Labelled places", _items([(place, "") for place in labelled_places(question)])))
    if result.error:
        parts.append(_part("Error", f"<p>{escape(result.error)} [{escape(result.error_code)}]</p>"))
    if result.answer:
        parts.append(_part("Answer", f"<p>{escape(result.answer)}</p>"))
    if result.citations:
        cited = [
            (f"{_place(one.document, one.page)}: “{one.quote}” ({one.verdict})", "hit" if one.right else "")
            for one in result.citations
        ]
        parts.append(_part("Citations", _items(cited)))
    if result.passages:
        found = [
            (f"{_place(one.document, *one.pages)}  {one.score:.3f}", "hit" if one.hits else "")
            for one in result.passages[:SHOWN_PASSAGES]
        ]
        parts.append(_part("Found", _items(found)))
    values = ", ".join(f"{name} {value:.3g}" for name, value in result.values.items())
    return "".join(parts) + f'<p class="soft">{escape(values)}</p>'


def labelled_places(question: LabelledQuestion) -> list[str]:
    """What a question's labels name, in words."""
    places = [name for name in question.documents if not question.pages and not question.spans]
    places += [_place(page.document, page.page) for page in question.pages]
    for span in question.spans:
        where = f" {span.start}–{span.end}" if span.start is not None else ""
        places.append(f"{span.document}{where}{f': “{span.quote}”' if span.quote else ''}".strip(": "))
    return places


def _place(document: str, *pages: int | None) -> str:
    numbers = ", ".join(str(page) for page in pages if page is not None)
    return f"{document}, page {numbers}" if numbers else document


def _part(title: str, inside: str) -> str:
    return f"<h3>{title}</h3>{inside}"


def _items(items: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<li class="{kind}">{escape(text)}</li>' if kind else f"<li>{escape(text)}</li>"
        for text, kind in items
    )
    return f"<ol>{rows}</ol>"
