"""The text of an answer where only text can be shown: what is not founded is marked in it.

The native API gives each claim with its verdict; a chat program shows the text alone.
"""

from dataclasses import dataclass

from muniment.answer.claims import MARK, cited_numbers
from muniment.types import Answer, AnswerVerdict, CitationVerdict, Claim, ClaimVerdict

NOT_SUPPORTED = " [not supported]"
"""Stands behind each statement that the passages cited do not carry."""


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text with marks; ``edits`` are range and replacement in the text without them, in order."""

    text: str
    edits: tuple[tuple[int, int, str], ...] = ()

    def moved(self, position: int) -> int:
        """Where a position of the text without marks stands in this one: behind what was put there."""
        return position + sum(len(new) - (end - start) for start, end, new in self.edits if end <= position)


def marked(answer: Answer) -> MarkedText:
    """The answer's text with its unsupported statements marked, and without numbers of passages that were not
    given: nobody could look them up."""
    if answer.verdict is AnswerVerdict.ABSTAINED:
        return MarkedText(answer.text)
    edits: list[tuple[int, int, str]] = []
    for claim in answer.claims:
        edits += _without_invented(answer.text, claim)
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            edits.append((claim.end, claim.end, NOT_SUPPORTED))
    edits.sort()
    text, at = "", 0
    for start, end, new in edits:
        text += answer.text[at:start] + new
        at = end
    return MarkedText(text + answer.text[at:], tuple(edits))


def _without_invented(text: str, claim: Claim) -> list[tuple[int, int, str]]:
    """The changes that take numbers which name no passage out of a claim's marks."""
    invented = {
        number
        for citation in claim.citations
        if citation.verdict is CitationVerdict.NOT_GIVEN
        for number in cited_numbers(citation.document_name.strip("[]"))
    }
    edits = []
    for match in MARK.finditer(text, claim.start, claim.end) if invented else ():
        numbers = cited_numbers(match[1])
        kept = [number for number in numbers if number not in invented]
        if len(kept) == len(numbers):
            continue
        start = match.start()
        if not kept and text[claim.start : start].endswith(" "):
            start -= 1
        edits.append((start, match.end(), f"[{', '.join(map(str, kept))}]" if kept else ""))
    return edits
