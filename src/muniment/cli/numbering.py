"""Numbers an answer's sources from 1 in the order they are cited, where that can be done safely."""

from dataclasses import dataclass

from muniment.answer.claims import MARK, cited_numbers
from muniment.api.sources import Source
from muniment.types import Answer, AnswerVerdict


@dataclass(frozen=True, slots=True)
class Numbered:
    """An answer's text and sources as they are shown; ``note`` explains numbers that begin elsewhere."""

    text: str
    sources: tuple[Source, ...]
    note: str = ""


def renumbered(answer: Answer, sources: tuple[Source, ...]) -> Numbered:
    """The text and the sources under new numbers, the same in both.

    A mark ``[n]`` names the n-th passage looked at, so that an answer whose only evidence is the third
    passage says ``[3]``. The numbers stay where reasons speak of them (something is not supported), and
    where a mark cannot be told from what a document says in brackets.
    """
    marks = [(match, cited_numbers(match.group(1))) for match in MARK.finditer(answer.text)]
    cited = list(dict.fromkeys(number for _, numbers in marks for number in numbers))
    listed = {source.number for source in sources}
    if sorted(cited) == list(range(1, len(cited) + 1)) and cited == sorted(cited):
        return Numbered(answer.text, sources)
    if answer.verdict is not AnswerVerdict.GROUNDED or set(cited) != listed or _quotes_brackets(sources):
        return Numbered(answer.text, sources, _explained(listed))
    numbers = {old: new for new, old in enumerate(cited, start=1)}
    text = answer.text
    for match, found in reversed(marks):
        written = ", ".join(str(numbers[number]) for number in found)
        text = f"{text[: match.start()]}[{written}]{text[match.end() :]}"
    moved = (Source(numbers[source.number], source.citations) for source in sources)
    return Numbered(text, tuple(sorted(moved, key=lambda source: source.number)))


def _quotes_brackets(sources: tuple[Source, ...]) -> bool:
    return any(MARK.search(citation.quote) for source in sources for citation in source.citations)


def _explained(listed: set[int]) -> str:
    if not listed or sorted(listed) == list(range(1, len(listed) + 1)):
        return ""
    return "The numbers in brackets count the passages looked at, best first; not all of them are cited."
