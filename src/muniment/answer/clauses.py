"""What goes wrong between the parts of a claim: a clause that nobody said, a subject of another passage,
two names that changed places. Each part may stand in the evidence while the whole does not."""

import re
from collections.abc import Sequence

from muniment.language.names import names
from muniment.language.terms import content_stems, words

_BOUNDARY = re.compile(
    r"(?<=\S)(?:;\s+|,\s+(?:and|but|while|whereas|or)\s+|\s+(?:while|whereas)\s+|[.!?]\s+(?=[A-Z]))"
)
_SIDE_BY_SIDE = re.compile(r"\b([A-Z][\w’'-]*\w)(?:\s(?:of|the|de|and|for))*\s(?=([A-Z][\w’'-]*\w)\b)")
_LEAST_WORDS = 3
"""A part with fewer content words says too little to be judged alone."""
_LINKS = frozenset("and or nor with between versus vs both".split())
_SUBJECT = re.compile(
    r"^(?P<subject>.{2,80}?)\s(?:is|are|was|were|be|has|have|had|do|does|did|can|could|may|might|must|shall|should"
    r"|will|would|became|becomes|began|begins|includes?|consists?|contains?|requires?|provides?|gives?|needs?|makes?|made"
    r"|allows?|uses?|offers?|takes?|took|gets?|got|said|says|led|won|lost|held|helps?)\b"
)


def clauses(claim: str) -> tuple[str, ...]:
    """The parts of a claim that say something of their own; the claim itself when it has only one."""
    parts: list[str] = []
    for part in _BOUNDARY.split(claim):
        if parts and (_too_short(part) or _too_short(parts[-1])):
            parts[-1] = f"{parts[-1]}, {part}"
        else:
            parts.append(part)
    return tuple(parts)


def subject_and_rest(clause: str) -> tuple[tuple[str, ...], str]:
    """The names in what a clause is about, which is what stands before its verb; and what it says of that.

    Without a verb that is known there are no names, and the rest is the whole clause.
    """
    found = _SUBJECT.match(clause)
    if found is None:
        return (), clause
    return tuple(names(found["subject"])), clause[found.end("subject") :]


def changed_places(claim: str, sentence: str) -> tuple[str, str] | None:
    """Two names of the claim that each stand where the sentence has the other.

    A place is the word before and the word behind. Names that are merely listed in another order
    ("France and Germany") and sentences turned round ("was built by") do not count.
    """
    mine, theirs = words(claim), words(sentence)
    single = [name for name in names(claim) if mine.count(name) == 1 == theirs.count(name)]
    for number, one in enumerate(single):
        for other in single[number + 1 :]:
            in_list = listed(claim, one, other) or listed(sentence, one, other)
            if not in_list and _exchanged(mine, theirs, one, other):
                return one, other
    return None


def put_together(claim: str, text: str) -> tuple[str, str] | None:
    """Two neighbouring words of a name of the claim that the text has, each as a part of another name: of the
    American War and the Crimean Republic nothing is said that is true of a Crimean War."""
    there = _neighbours(text)
    parts = {word for pair in there for word in pair}
    spelt = set(names(claim))
    for one, other in _neighbours(claim):
        known = one in spelt and other in spelt and one in parts and other in parts
        if known and (one, other) not in there and (other, one) not in there and one != other:
            return one, other
    return None


def _neighbours(text: str) -> set[tuple[str, str]]:
    """Capitalised words that stand side by side, "of" and "the" left out."""
    return {(match[1], match[2]) for match in _SIDE_BY_SIDE.finditer(text)}


def _exchanged(mine: Sequence[str], theirs: Sequence[str], one: str, other: str) -> bool:
    places = {name: (_place(mine, name), _place(theirs, name)) for name in (one, other)}
    crossed = _alike(places[one][0], places[other][1]) and _alike(places[other][0], places[one][1])
    return crossed and not any(_alike(*places[name]) for name in (one, other))


def _place(tokens: Sequence[str], name: str) -> tuple[str, str]:
    """The words beside; empty at the ends."""
    at = tokens.index(name)
    before = tokens[at - 1] if at else ""
    behind = tokens[at + 1] if at + 1 < len(tokens) else ""
    return before.casefold(), behind.casefold()


def _alike(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return any(a == b != "" for a, b in zip(one, other, strict=True))


def listed(text: str, one: str, other: str) -> bool:
    """Whether commas, "and" and names are all that stands between two names; with none, both are of one."""
    ends = [(match.start(), match.end()) for name in (one, other) if (match := _whole(name).search(text))]
    if len(ends) < 2:
        return False
    (_, first), (last, _) = sorted(ends)
    between = text[first:last]
    linked = "," in between or any(word.casefold() in _LINKS for word in words(between))
    return linked and all(word.casefold() in _LINKS or word[0].isupper() for word in words(between))


def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(name)}\b")


def _too_short(part: str) -> bool:
    return len(content_stems(part)) < _LEAST_WORDS
