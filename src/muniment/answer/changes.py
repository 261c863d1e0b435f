"""Whether what is said to rise rises: the numbers of the claim itself, or of the table it rests on."""

import re
from collections.abc import Iterable, Iterator

from muniment.language.quantities import Quantity, amounts
from muniment.language.tables import NEGATIVE, table_rows
from muniment.language.terms import stems

_UP = r"(?:rose|rise[sn]?|risen|grew|grow[sn]?|increas(?:e[sd]?|ing)|climb(?:s|ed)|went up|gone up|up(?! to))"
_DOWN = (
    r"(?:fell|falls?|fallen|dropp?(?:s|ed)?|declin(?:e[sd]?|ing)|decreas(?:e[sd]?|ing)|shr(?:ank|unk|inks?)"
    r"|sank|sunk|went down|gone down|down(?! to)|reduced)"
)
_CHANGE = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b", re.I)
_FROM_TO = re.compile(r"\bfrom\s+(?P<first>[^;.]*?\d[^;]*?)\s+to\s+(?P<second>(?:[^\d;]*)\d[^;]*)$", re.I)
_YEAR = re.compile(r"(?:19|20)\d\d")


def changed_otherwise(claim: str, text: str) -> Iterable[str]:
    """Why the claim's rise or fall is none.

    Args:
        text: the passages cited.
    """
    change = _CHANGE.search(claim)
    if change is None or len(_CHANGE.findall(claim)) > 1:
        return
    rises = change["up"] is not None
    stated = _from_to(claim[change.end() :])
    if stated is not None:
        if stated[0] != stated[1] and (stated[0] < stated[1]) is not rises:
            yield f"{claim[change.start() : change.end()]} does not fit the numbers behind it"
        return
    for first, second in _of_rows(claim, text):
        if first != second and (first < second) is not rises:
            yield f"the table has {first:g} and then {second:g}, which is no {'rise' if rises else 'fall'}"


def _from_to(behind: str) -> tuple[float, float] | None:
    match = _FROM_TO.search(behind)
    if match is None:
        return None
    first, second = (_measured(match[side]) for side in ("first", "second"))
    if first is None or second is None or (first.unit and second.unit and first.unit != second.unit):
        return None
    return min(first.values), min(second.values)


def _measured(text: str) -> Quantity | None:
    """The first number that is no year."""
    found = (one for one in amounts(text).quantities if not _YEAR.fullmatch(one.text.strip()))
    return next(found, None)


def _of_rows(claim: str, text: str) -> Iterator[tuple[float, float]]:
    """For the one row that the claim names: its numbers of the period before and of the one that is meant,
    which is the latest where none is named.

    Cells in brackets are left out: a cost rises when it is farther from nought, a result when it is nearer.
    """
    named = stems(claim)
    found = []
    for names, row in table_rows(text):
        periods = [
            (name, cell)
            for name, cell in zip(names[1:], row[1:], strict=False)
            if _YEAR.fullmatch(name) and not cell.startswith(NEGATIVE)
        ]
        if len(periods) > 1 and stems(row[0]) and stems(row[0]) <= named:
            found.append(periods)
    if len(found) != 1:
        return
    ordered = sorted(found[0], key=lambda one: one[0])
    years = set(_YEAR.findall(claim))
    meant = [at for at, (name, _) in enumerate(ordered) if years & set(_YEAR.findall(name))]
    at = max(meant) if meant else len(ordered) - 1
    if at == 0 or (years and not meant):
        return
    before = min(meant) if len(meant) > 1 else at - 1
    first, second = (_measured(ordered[place][1]) for place in (before, at))
    if first is not None and second is not None:
        yield min(first.values), min(second.values)
