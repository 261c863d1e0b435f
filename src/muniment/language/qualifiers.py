"""Words that narrow what is spoken of, in groups of which only one can hold: part-time or full-time."""

import itertools
from dataclasses import dataclass

from muniment.language.terms import WORD

_GROUPS = """
full-time; part-time
permanent; temporary, fixed-term, fixed term
internal; external
domestic, inland, home country; foreign, abroad, overseas, international
new, newly hired, newcomer; existing, long-serving
minimum, at least, lowest, least; maximum, at most, up to, highest, most
paid; unpaid
weekday, weekdays, working day, working days; weekend, weekends, saturday, sunday
adult, adults; child, children, minor, minors
public; private
gross, before tax; net, after tax
inbound, incoming; outbound, outgoing
return, round trip; one-way, single
primary; secondary
mandatory, compulsory, required; optional, voluntary
online; offline, on paper, in person
employee, employees; contractor, contractors, freelancer, freelancers
day shift; night shift
daily; weekly; monthly; quarterly; annual, yearly, annually
hourly; salaried
short-term; long-term
manual; automatic
indoor, indoors; outdoor, outdoors
with pay; without pay
standard; express; premium; basic; professional; enterprise
residential; commercial; industrial
fixed; variable
"""


@dataclass(frozen=True, slots=True)
class Qualifier:
    """A group of qualifiers and the member of it that stands in a text."""

    group: int
    member: int


def qualifiers(text: str) -> frozenset[Qualifier]:
    """The qualifiers in ``text``; "full time", "full-time" and "fulltime" are one."""
    words = [word.lower() for word in WORD.findall(text)]
    found = {_MEMBERS[word] for word in words if word in _MEMBERS}
    for word, following in itertools.pairwise(words):
        if word in _BEGINNINGS and (member := _MEMBERS.get(f"{word} {following}")):
            found.add(member)
    return frozenset(found)


def narrowed(scope: frozenset[Qualifier], said: frozenset[Qualifier]) -> frozenset[Qualifier]:
    """What holds when ``said`` is said within ``scope``: of each group what was said last."""
    groups = {one.group for one in said}
    return said | {one for one in scope if one.group not in groups}


def contradict(asked: frozenset[Qualifier], said: frozenset[Qualifier]) -> bool:
    """Whether ``said`` has another member of a group of ``asked``, and none of those asked for."""
    agreed = {one.group for one in asked & said}
    return any(one.group == other.group and one.group not in agreed for one in asked for other in said)


def _members() -> dict[str, Qualifier]:
    found: dict[str, Qualifier] = {}
    for group, line in enumerate(_GROUPS.strip().split("\n")):
        for member, forms in enumerate(line.split(";")):
            for form in (one.strip() for one in forms.split(",")):
                found[form.replace("-", " ")] = Qualifier(group, member)
                if "-" in form:
                    found[form.replace("-", "")] = Qualifier(group, member)
    return found


_MEMBERS = _members()
_BEGINNINGS = frozenset(form.split()[0] for form in _MEMBERS if " " in form)
