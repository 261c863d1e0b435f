"""Whether a claim gives a number or date to what the evidence gives it to.

A number may stand in the evidence and the claim be wrong all the same: "the weekly limit is 1,000" where
1,000 is the daily one. So the words beside each value of the claim are compared with the words beside the
same value in the evidence, and with those beside other values of its kind.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from muniment.answer.actors import same_deed
from muniment.answer.clauses import listed
from muniment.answer.contraries import bounded_otherwise
from muniment.answer.values import Value, values
from muniment.language.synonyms import synonyms
from muniment.language.terms import begun_alike, stems
from muniment.language.units import split_units

_PART_OF = re.compile(r"\b(\w+) of (?:the|its|our|these|those|their) (\w+)\b")
_ELLIPSIS = "one"
_ROLE_WEIGHT = 8


def given_to_another(claim: str, text: str, near: str, neutral: str) -> Iterable[str]:
    """What is said of a value that the evidence says of another one.

    Args:
        text: the evidence with its surroundings, in their order.
        near: the part of it that competing values may stand in.
        neutral: headings; their words belong to every value, their values to every statement.
    """
    mine = values(claim)
    if not mine:
        return
    all_ = values(text)
    shared, above = stems(neutral), values(neutral)
    competing = values(text, near)
    yield from bounded_otherwise(mine, competing)
    parts = _parts_of_wholes(claim, mine)
    for value in mine:
        if value.what.text in parts:
            continue
        own = [other for other in all_ if value.same(other)]
        if not own or any(value.same(other) for other in above):
            continue
        rivals = [other for other in competing if value.rivals(other)]
        if found := _taken(value, mine, own, rivals, shared):
            yield found


def _parts_of_wholes(claim: str, mine: Sequence[Value]) -> set[str]:
    """The numbers of "two of the eight": neither stands in the other's place."""
    written = {value.what.text for value in mine}
    found = (set(match.groups()) for match in _PART_OF.finditer(claim))
    return {number for pair in found if pair <= written for number in pair}


def given_to_another_name(claim: str, text: str, neutral: str) -> Iterable[str]:
    """What is said of the one name of the claim that the evidence says of another in the same sentence; of
    several, those that fit better exchanged."""
    mine = values(claim, of_names=True)
    if len(mine) > 1:
        yield from _exchanged_names(claim, mine, text)
    if len(mine) != 1:
        return
    (value,) = mine
    shared = stems(neutral)
    for sentence in (unit.of(text) for unit in split_units(text)):
        there = values(sentence, of_names=True)
        own = [other for other in there if value.same(other)]
        rivals = [
            other
            for other in there
            if value.rivals(other) and not any(_one_thing(sentence, one, other) for one in own)
        ]
        if own and (found := _taken(value, mine, own, rivals, shared)):
            yield found
            return


def _exchanged_names(claim: str, mine: Sequence[Value], text: str) -> Iterable[str]:
    for sentence in (unit.of(text) for unit in split_units(text)):
        there = values(sentence, of_names=True)
        for value, other in combinations(mine, 2):
            own = [one for one in there if value.same(one)]
            theirs = [one for one in there if other.same(one)]
            if len(own) != 1 or len(theirs) != 1 or _one_thing(sentence, own[0], theirs[0]):
                continue
            first, second = value.what.text, other.what.text
            if same_deed(claim, sentence, first.split()[0], second.split()[0]):
                continue
            if not value.same(other) and _crossed(value, other, own, theirs[0], theirs):
                yield f"{first} and {second} stand in each other's place in the cited text"
                return


def _one_thing(sentence: str, one: Value, other: Value) -> bool:
    """Whether two names are listed together, or one in brackets explains the other."""
    if listed(sentence, one.what.text, other.what.text):
        return True
    pair = (re.escape(one.what.text), re.escape(other.what.text))
    return any(re.search(rf"{left}\s*[(\[]\W*{right}", sentence) for left, right in (pair, pair[::-1]))


def _taken(
    value: Value, claimed: Sequence[Value], own: list[Value], rivals: list[Value], neutral: set[str]
) -> str | None:
    """Why the value belongs to another subject: that one's words stand beside it, and none of its own."""
    for rival in rivals:
        beside = [one for one in claimed if one is not value and one.same(rival)]
        if beside:
            taken = any(_crossed(value, one, own, rival, rivals) for one in beside)
        else:
            taken = not value.label and _replaced(value, own, rival, neutral)
        if taken:
            return f"the cited text says {rival.what.text}, not {value.what.text}, of this"
    return None


def _replaced(value: Value, own: list[Value], rival: Value, neutral: set[str]) -> bool:
    """Whether only words of the rival stand beside the value."""
    theirs = [word for word in value.nearest if _matches(word, rival.context)]
    foreign = [word for word in theirs if not any(_is_of(word, one, rival) for one in own)]
    if all(word.rstrip("<>") in neutral for word in foreign):
        return False
    known = rival.context | rival.taken_up
    if _ELLIPSIS in rival.context:  # "opened a branch in A and closed the one in B"
        known = known.union(*(one.context for one in own))
    return not any(
        _matches(word, one.context) and not _matches(word, known) for word in value.context for one in own
    )


def _is_of(word: str, own: Value, rival: Value) -> bool:
    """Whether a word is said of the value; what stands between two values is the rival's, where it is
    clearly that one's."""
    mine, theirs = (
        frozenset(other for other in one.context if other[-1] not in "<>") for one in (own, rival)
    )
    if word in theirs:  # a synonym may be the very thing that tells the two apart: lunch and dinner
        return word in mine | own.taken_up
    if _matches(word, mine | own.taken_up):
        return True
    return _matches(word, own.context) and not _matches(word, theirs)


def _crossed(value: Value, beside: Value, own: list[Value], rival: Value, rivals: list[Value]) -> bool:
    """Whether two values of the claim fit better when each is taken for the other."""
    same = [one for one in rivals if beside.same(one)]
    straight = max(_shared(value, one) for one in own) + max(_shared(beside, one) for one in same)
    return _shared(value, rival) + max(_shared(beside, one) for one in own) > straight


def _shared(value: Value, other: Value) -> int:
    """Words both have; a preposition right before the value says more than all of them."""
    return sum(
        _ROLE_WEIGHT if word.endswith(" #") else 1 for word in value.context if _matches(word, other.context)
    )


def _matches(word: str, context: frozenset[str]) -> bool:
    """Whether a context has the word, a synonym or one that begins the same, on the same side."""
    if word.endswith(" #"):
        return word in context
    bare, side = word.rstrip("<>"), word[-1] if word[-1] in "<>" else ""
    forms = {bare} if bare.startswith("=") else {bare, *synonyms(bare)}
    for other in context:
        theirs, their_side = other.rstrip("<>"), other[-1] if other[-1] in "<>" else ""
        if side and their_side and side != their_side:
            continue
        if theirs in forms or (bare[0] != "=" and begun_alike(bare, (theirs,))):
            return True
    return False
