"""Whole lists: the items around one of them, with the sentence that announces them."""

import re
from collections.abc import Sequence

from muniment.language.terms import content_stems
from muniment.language.units import LIST_MARK, UnitKind
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.question import Expects, Question

MOST_UNITS = 24
"""Sentences of list items, or rows of a table, in one answer."""
_LONGEST_LEAD = 3
"""The sentence that announces a list stands at most so many before it."""
_MOST_SECTIONS = 4
_FOLLOWING = re.compile(r"\b(?:following|as follows|these|listed (?:here|below))\b", re.I)
_MANY = re.compile(
    r"\bhow (?:do|can|should|must|to|is|are)\b|\bwhat (?:must|should|can|may|do|does|has to|happens|went)\b"
    r"|\bsteps\b"
    r"|\b(?:what|which)\s+(?:\w+\s+){0,2}?(?!does\b|was\b|has\b|is\b|this\b)\w{2,}[^us\s]s\b"
    r"|\bwhat are\b|\b(?:what|which)\b.*\bare there\b|\ball\b",
    re.I,
)
"""Questions whose answer may be several things, if it is found in a list."""
_FAMILY = {
    UnitKind.LIST_ITEM: "items",
    UnitKind.FRAGMENT: "lines",
    UnitKind.TABLE_HEADER: "rows",
    UnitKind.TABLE_ROW: "rows",
}


def whole_list(question: Question, best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The list that ``best`` announces or belongs to, where the question may want all of it; else nothing."""
    mine = [one for one in candidates if one.passage.number == best.passage.number]
    if announces(best):
        first = _after_paragraph(mine, best.position)
    else:
        first = _item_at(mine, best.position)
        family = _family(mine, first)
        wanted = question.expects is Expects.LIST or (family == "items" and asks_for_many(question))
        if family is None or not wanted:
            return []
        first = _beginning(mine, first)
    end = _end(mine, first)
    lead = best if announces(best) else _lead(mine, first)
    listed = [one for one in mine[first:end] if one.answers]
    return [lead, *listed] if lead and listed else listed if len(listed) > 1 else []


def section_list(question: Question, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The list of a section whose heading the question repeats, where several things are asked for.

    The items of "What went well" share no word with a question what went well.
    """
    if not asks_for_many(question):
        return []
    passages = dict.fromkeys(one.passage.number for one in candidates)
    for number in list(passages)[:_MOST_SECTIONS]:
        mine = [one for one in candidates if one.passage.number == number]
        headings = mine[0].passage.passage.chunk.headings
        words = set(content_stems(headings[-1])) if headings else set()
        first = next((one for one in mine if one.unit.kind is UnitKind.LIST_ITEM), None)
        if words and words <= set(question.terms) and first is not None:
            return whole_list(question, first, candidates)
    return []


def asks_for_many(question: Question) -> bool:
    """Whether the answer may be several things."""
    if question.expects is Expects.DEFINITION or question.demands_amount:
        return False
    return question.expects is Expects.LIST or bool(_MANY.search(question.text))


def announces(candidate: Candidate) -> bool:
    """Whether a list may follow: a colon at the end, or "the following papers"."""
    if candidate.text.rstrip().endswith(":"):
        return True
    return candidate.unit.kind is UnitKind.SENTENCE and bool(_FOLLOWING.search(candidate.text))


def _family(mine: Sequence[Candidate], position: int) -> str | None:
    if position >= len(mine) or mine[position].is_heading:
        return None
    return _FAMILY.get(mine[position].unit.kind)


def _item_at(mine: Sequence[Candidate], position: int) -> int:
    """Where the line begins that holds the unit: a list item may have several sentences."""
    while position > 0 and mine[position].unit.kind is UnitKind.SENTENCE and _same_line(mine, position):
        position -= 1
    return position


def _same_line(mine: Sequence[Candidate], position: int) -> bool:
    """Whether a unit stands in one line with the one before it."""
    text = mine[position].passage.passage.chunk.text
    return position > 0 and "\n" not in text[mine[position - 1].unit.end : mine[position].unit.start]


def _after_paragraph(mine: Sequence[Candidate], position: int) -> int:
    position += 1
    while position < len(mine) and _same_line(mine, position):
        position += 1
    return position


def _beginning(mine: Sequence[Candidate], first: int) -> int:
    """Where the list of an item begins: behind the item that announces it, if that has another mark."""
    family, style = _family(mine, first), _style(mine[first])
    while first > 0:
        before = _item_at(mine, first - 1)
        announced = _style(mine[before]) != style == _style(mine[first]) and announces(mine[first - 1])
        if _family(mine, before) != family or announced:
            break
        first = before
    return first


def _end(mine: Sequence[Candidate], first: int) -> int:
    """Where the list ends: an item with another mark begins something else, unless it is announced."""
    family, end = _family(mine, first), first
    styles = {_style(mine[first])} if first < len(mine) else set()
    while end < len(mine) and end - first < MOST_UNITS:
        item = _family(mine, end) == family
        if item and _style(mine[end]) not in styles:
            if not announces(mine[end - 1]):
                break
            styles.add(_style(mine[end]))
        if family is None or not (item or (end > first and _same_line(mine, end))):
            break
        end += 1
    return end


def _style(item: Candidate) -> str:
    """The sort of mark before an item: "-", "1.", "(1)", "a)"; "" for what has none."""
    match = LIST_MARK.match(item.text) if item.unit.kind is UnitKind.LIST_ITEM else None
    if match is None:
        return ""
    mark = re.sub(r"\d+(?:\.\d+)*", "1", match.group().strip())
    return re.sub(r"[a-z]+", "a", mark) if mark[-1] in ".)" else "-"


def _lead(mine: Sequence[Candidate], first: int) -> Candidate | None:
    position = first - 1
    for _ in range(_LONGEST_LEAD):
        if position < 0 or mine[position].is_heading:
            return None
        if announces(mine[position]):
            return mine[position]
        if not _same_line(mine, position):
            return None
        position -= 1
    return None
