"""Where the numbers and dates of a text stand, and the words that belong to each of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from muniment.language.bounds import bound
from muniment.language.names import names
from muniment.language.quantities import Date, Quantity, amounts
from muniment.language.terms import WORD, is_content, stem
from muniment.language.units import UnitKind, split_units


@dataclass(frozen=True, slots=True)
class Name:
    """Words in a row that are spelt like a name."""

    text: str

    @property
    def words(self) -> frozenset[str]:
        """Its words."""
        return frozenset(self.text.split())


_What = Quantity | Date | Name
_Placed = tuple[int, int, _What]
"""Where a value stands, and which."""
_STRONG = re.compile(
    r"[;:]\s|\.\s|\s(?:but|while|whereas|otherwise|though|although)\s|,\s(?:and|or)\s|\s[–—]\s"
)
"""Where one statement ends and the next begins within a sentence."""
_SOFT = re.compile(r",(?!\d)|[()]|\s(?:and|or|then)\s")
_LEFT_OUT = re.compile(
    r"\b(?:except|unlike|besides|than|versus|instead of|rather than|compared (?:to|with)|apart from|not)\b"
    r"[^,;.]*",
    re.I,
)
"""What a statement names only to say that it is not meant."""
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|do|does|did|can|could|may|might|must|shall|should|will|would"
    r"|[a-z]{3,}ed|costs?|lasts?|gets?|became|becomes|began|begins|includes?|contains?|needs?|makes?|made"
    r"|[a-z]{3,}s(?=\s(?:the|an?|its|their|about|up|at|\d))|takes?|took|rose|fell|grew|pays?|won|lost|held|led|ran|left|gave|went|came|sold|bought|paid|met|built)\b"
)
_REFERENCE = re.compile(
    r"\b(articles?|sections?|paragraphs?|chapters?|pages?|no\.?|number|tables?|figures?|rules?|annex"
    r"|clauses?|steps?|versions?|parts?|items?|phases?|levels?|type|class|schedule|appendix"
    r"|(?-i:(?!(?:In|On|At|By|From|Since|After|Before|Until|During|Between|The|About|Over|Under|To|Of)\b)"
    r"[A-Z][a-z]+))\s$",
    re.I,
)
"""Behind these a number is a name, as behind other names: Boeing 747."""
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)|(?:thi|four|fif|six|seven|eigh|nin|ten)(?:rd|th)", re.I)
_CURRENCY = re.compile(r"[A-Z]{2,3}")
_PRONOUN = re.compile(r"(?:it|they|he|she)\b", re.I)
_ROLES = frozenset("from to by between since until before after".split())
"""Function words that say what the number behind them is."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number or date with what is said of it.

    ``context`` are stems of the words beside it; one that might as well belong to the value on its other
    side ends in ``<`` (it stands before this value) or ``>`` (behind). ``taken_up`` are stems of what
    was spoken of before, for "it" and for what is left out. ``nearest`` are those of
    the context that no value of another kind stands between. ``bound`` is 1 for a least, -1 for a most;
    ``label`` is the word that makes a number a name: the article of "article 7".
    """

    what: _What
    context: frozenset[str]
    taken_up: frozenset[str] = frozenset()
    nearest: frozenset[str] = frozenset()
    bound: int = 0
    label: str = ""

    def same(self, other: "Value") -> bool:
        """Whether both are one value."""
        mine, theirs = self.what, other.what
        if isinstance(mine, Name) or isinstance(theirs, Name):
            return isinstance(mine, Name) and isinstance(theirs, Name) and bool(mine.words & theirs.words)
        if isinstance(mine, Date) or isinstance(theirs, Date):
            return isinstance(mine, Date) and isinstance(theirs, Date) and mine.agrees(theirs)
        return bool(mine.values & theirs.values) and (mine.unit == theirs.unit or not mine.unit)

    def rivals(self, other: "Value") -> bool:
        """Whether the other could stand in this one's place: another value of the same kind."""
        mine, theirs = self.what, other.what
        if isinstance(mine, (Date, Name)) or isinstance(theirs, (Date, Name)):
            return type(mine) is type(theirs) and not self.same(other) and not other.same(self)
        alike = (_kind(mine), self.label) == (_kind(theirs), other.label)
        return alike and not mine.values & theirs.values


@lru_cache(maxsize=64)
def values(text: str, within: str = "", *, of_names: bool = False) -> tuple[Value, ...]:
    """The values of a text with their contexts; table rows are left out.

    Args:
        within: when given, only values of the units that stand in it.
        of_names: names in place of numbers and dates.
    """
    found: list[Value] = []
    before: frozenset[str] = frozenset()
    for unit in split_units(text):
        if unit.kind in (UnitKind.TABLE_ROW, UnitKind.TABLE_HEADER):
            continue
        own = unit.of(text)
        if not within or own in within:
            found += _values_of(own, before, _placed_names if of_names else _placed)
        before = _subject(own)
    return tuple(found)


def _values_of(
    sentence: str, before: frozenset[str], place: Callable[[str], list[_Placed]]
) -> Iterator[Value]:
    sentence = _LEFT_OUT.sub(lambda match: re.sub(r"[^\d\W]", "_", match.group()), sentence)
    placed = place(sentence)
    taken_up = before
    said_of_it = before if _PRONOUN.match(sentence) else frozenset[str]()
    for start, end in _clauses(sentence, placed):
        here = [one for one in placed if start <= one[0] < end]
        for number, (left, right, what) in enumerate(here):
            alike = [n for n, one in enumerate(here) if _kind(one[2]) == _kind(what)]
            context = said_of_it | _context(
                sentence, (start, end), [here[n] for n in alike], alike.index(number)
            )
            nearest = _context(sentence, (start, end), here, number)
            bare = {word.rstrip("<>") for word in nearest}
            reference = _REFERENCE.search(sentence, 0, left)
            yield Value(
                what,
                context,
                taken_up,
                frozenset(word for word in context if word[0] == "=" or word.rstrip("<>") in bare),
                bound(sentence, left, right),
                stem(reference[1]) if reference else "",
            )
        said_of_it = frozenset()
        taken_up |= _subject(sentence[start:end])


def _context(
    sentence: str, clause: tuple[int, int], placed: Sequence[_Placed], number: int
) -> frozenset[str]:
    """Stems of the words beside one of the values that stand in a statement."""
    left, right, _ = placed[number]
    before = placed[number - 1][1] if number else clause[0]
    behind = placed[number + 1][0] if number + 1 < len(placed) else clause[1]
    found = _beside(sentence, before, left, number > 0, "<")
    found |= _beside(sentence, right, behind, number + 1 < len(placed), ">")
    first = sentence[clause[0] : placed[0][0]]
    if number and not _VERB.search(sentence[placed[0][1] : left]):  # "from 4 in May to 6 in June"
        found |= _stems(first)
    elif number:
        found |= _subject(first)
    return frozenset(found)


def _clauses(sentence: str, placed: Sequence[_Placed]) -> list[tuple[int, int]]:
    """Ranges of the statements in a sentence; one without a value of its own joins its follower."""
    ranges, at = [], 0
    for match in _STRONG.finditer(sentence):
        here = sentence[at : match.start()]
        named = any(isinstance(one[2], Name) and at <= one[0] < match.start() for one in placed)
        if named or any(c.isdigit() for c in here) or _written_number(here):
            ranges.append((at, match.start()))
            at = match.end()
    return [*ranges, (at, len(sentence))]


def _written_number(text: str) -> bool:
    return bool(amounts(text).quantities)


def _beside(sentence: str, start: int, end: int, is_between: bool, mark: str) -> set[str]:
    """Stems of the words before (``<``) or behind (``>``) a value: up to the next one of its kind, or the end
    of the statement."""
    gap, before = sentence[start:end], mark == "<"
    if not is_between:
        return _stems(gap) | _role(gap, before=before)
    cuts = [match for match in _SOFT.finditer(gap) if not _between_names(gap, match)]
    if not cuts:
        return {f"{one}{mark}" for one in _stems(gap)} | _role(gap, before=before)
    near = gap[cuts[-1].end() :] if before else gap[: cuts[0].start()]
    other = gap[: cuts[-1].start()] if before else gap[cuts[0].end() :]
    unsure = {f"{one}{mark}" for one in _stems(other)} if len(cuts) > 1 else set()
    return _stems(near) | unsure | _role(gap, before=before)


def _between_names(gap: str, match: re.Match[str]) -> bool:
    """Whether what would part two statements stands in a list of names: "Oslo, Bergen and Turku"."""
    before, behind = WORD.findall(gap[: match.start()])[-1:], WORD.findall(gap[match.end() :])[:1]
    return bool(before and behind) and before[0][0].isupper() and behind[0][0].isupper()


def _role(gap: str, *, before: bool) -> set[str]:
    """The preposition right before a value."""
    found = [word for word in WORD.findall(gap) if not _CURRENCY.fullmatch(word)] if before else []
    last = found[-1:]
    return {f"{word.lower()} #" for word in last if word.lower() in _ROLES}


def _stems(text: str) -> set[str]:
    """Stems of the content words, and the values: one beside another is what it goes with."""
    found = amounts(text)
    going_with = {f"={one.unit}{min(one.values)}" for one in found.quantities if one.values}
    going_with |= {f"={one.year}-{one.month}-{one.day}" for one in found.dates}
    return {stem(word) for word in WORD.findall(text) if is_content(word)} | going_with


def _subject(sentence: str) -> frozenset[str]:
    """Stems of what a statement is about: what stands before its verb; of a fragment, everything."""
    verb = _VERB.search(sentence, 1)
    return frozenset(_stems(sentence[: verb.start()] if verb else sentence))


def _placed(sentence: str) -> list[_Placed]:
    """Numbers and dates with the ranges they stand at, in order."""
    found = amounts(sentence)
    taken: list[_Placed] = []
    counts = [one for one in found.quantities if not _ORDINAL.fullmatch(one.text)]
    every: list[Quantity | Date] = [*found.dates, *counts]
    for what in sorted(every, key=lambda one: -len(one.text)):
        for match in re.finditer(rf"(?<![\w.,-]){re.escape(what.text)}(?!\w|[.,]\d)", sentence):
            if all(match.end() <= start or match.start() >= end for start, end, _ in taken):
                taken.append((match.start(), match.end(), what))
                break
    return sorted(taken, key=lambda one: one[0])


def _placed_names(sentence: str) -> list[_Placed]:
    """Names with the ranges they stand at; words of names that only a space parts are one. A single word that
    begins the sentence may be any word."""
    spelt = set(names(sentence))
    found: list[_Placed] = []
    for match in WORD.finditer(sentence):
        if match.group() not in spelt:
            continue
        goes_on = found and sentence[found[-1][1] : match.start()] == " "
        start = found.pop()[0] if goes_on else match.start()
        found.append((start, match.end(), Name(sentence[start : match.end()])))
    return [one for one in found if one[0] or " " in sentence[: one[1]]]


def _kind(value: _What) -> str:
    """What is comparable. Without a unit, years, counts in digits and counts in words seldom are."""
    if isinstance(value, Name):
        return "name"
    if isinstance(value, Date):
        return "date"
    if value.unit:
        return value.unit
    if re.fullmatch(r"[12]\d{3}", value.text):
        return "# year"
    return "# digits" if any(c.isdigit() for c in value.text) else "# words"
