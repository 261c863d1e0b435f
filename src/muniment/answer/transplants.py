"""What was moved into a sentence from another: "charged to the line manager", where the cited text says so of
the person who asked, and speaks of the line manager elsewhere."""

import re
from collections.abc import Iterable, Iterator, Sequence

from muniment.answer.clauses import clauses
from muniment.language.synonyms import synonyms
from muniment.language.terms import WORD, begun_alike, content_stems, is_content, stem, stems
from muniment.language.units import UnitKind, split_units

_LEAST = 0.5
"""Share of a clause's content words that one sentence must carry to be what the clause renders."""
_LONG = 2
"""Words in a row that are no coincidence."""
_JOINED = 2
"""Further words of the clause by which the other sentence speaks of the same: both were joined."""
_REFERS_BACK = re.compile(
    r"\W*(?:it|its|this|that|these|those|they|their|he|she|his|her|such|both|the (?:former|latter|same)"
    r"|however|in (?:this|that|such)|for (?:this|that)|there|then|otherwise)\b",
    re.I,
)


def transplanted(claim: str, text: str, headings: str) -> Iterable[str]:
    """Phrases of the claim that stand in the text, but not in the sentence that says the rest of the clause.

    Args:
        text: the passages cited.
        headings: titles and headings, which hold for every sentence.
    """
    if " | " in claim:
        return
    kinds = (UnitKind.TABLE_ROW, UnitKind.TABLE_HEADER)
    sentences = [unit.of(text) for unit in split_units(text) if unit.kind not in kinds]
    for clause in clauses(claim):
        wanted = set(content_stems(clause))
        held = [len(wanted & stems(sentence)) for sentence in sentences]
        if not wanted or max(held, default=0) < _LEAST * len(wanted):
            continue
        at = held.index(max(held))
        near = stems(f"{_with_what_is_referred_to(sentences, at)}\n{headings}")
        others = [_in_row(sentence) for place, sentence in enumerate(sentences) if place != at]
        for phrase in _strange(clause, near):
            row = tuple(map(stem, phrase))
            held_by = [other for other in others if _stands(row, other)]
            if held_by and not any(len(wanted & set(other) - set(row)) >= _JOINED for other in held_by):
                yield f"“{' '.join(phrase)}” stands elsewhere in the cited text, not in what it says of this"


def _in_row(sentence: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in WORD.findall(sentence))


def _with_what_is_referred_to(sentences: Sequence[str], at: int) -> str:
    """The sentence, with those before that it refers back to, and those behind that refer to it."""
    first, last = at, at + 1
    while first and _REFERS_BACK.match(sentences[first]):
        first -= 1
    while last < len(sentences) and _REFERS_BACK.match(sentences[last]):
        last += 1
    return "\n".join(sentences[first:last])


def _strange(clause: str, near: set[str]) -> Iterator[list[str]]:
    """Runs of neighbouring content words that the sentence has in no form."""
    run: list[str] = []
    for word in (*WORD.findall(clause), ""):
        if word and is_content(word) and not word.isdigit() and not _held(stem(word), near):
            run.append(word)
            continue
        if len(run) >= _LONG:
            yield run
        run = []


def _held(word: str, near: set[str]) -> bool:
    return word in near or bool(synonyms(word) & near) or begun_alike(word, near)


def _stands(phrase: tuple[str, ...], row: tuple[str, ...]) -> bool:
    length = len(phrase)
    return any(row[at : at + length] == phrase for at in range(len(row) - length + 1))
