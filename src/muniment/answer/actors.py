"""Whether a claim turns round who does what to whom.

"The lessor pays the tenant" and "the tenant pays the lessor" hold the same words. What stands before a verb
both share, and what behind it, is compared; a passive with "by" is read the other way round.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from muniment.language.names import names
from muniment.language.synonyms import synonyms
from muniment.language.terms import WORD, is_content, stem

_AUXILIARY = frozenset(
    "is are was were be been being has have had can could may might must shall should will would does do"
    " did".split()
)
_BE = frozenset("is are was were be been being".split())
_BEHIND_VERB = frozenset(
    "the a an all any its their his her to for by with in on at from each every no some this that these"
    " those after before whether when if about".split()
)
_PREPOSITIONS = frozenset(
    "of in on at to for from with by under over against between among into through during within without"
    " about".split()
)
_BOTH_WAYS = frozenset(
    stem(word)
    for word in "equals resembles marries married meets met borders bordered joins joined agrees agreed"
    " shares shared"
    " differs differed corresponds corresponded related connected linked combined compared merged contacts"
    " replaces competes cooperates communicates adjoins matches based used called named known".split()
)
"""Verbs that say much the same when their sides are changed, and those that stand behind what they are of."""
_BELOW = re.compile(
    r"\b(?P<below>deputy|vice|former|acting|assistant|interim|honorary|designated|outgoing|second)[\s-]"
    r"(?P<role>[a-z]{3,})\b",
    re.I,
)
_APPOSED = 2
"""Parts before a verb that belong to its subject: "A former supplier, Acme, has …"."""
_CLAUSE = re.compile(r"[,;:.()]\s|\s(?:and|but|or|while|whereas|that|which|who|when|if|because|where)\s")


@dataclass(frozen=True, slots=True)
class _Deed:
    """A verb with the words before and behind it, as if it stood in the active voice."""

    verb: str
    actor: frozenset[str]
    rest: frozenset[str]


def turned_round(claim: str, sentence: str) -> Iterable[str]:
    """Verbs whose actor and object are exchanged between the two texts."""
    people = {stem(name) for name in (*names(claim), *names(sentence))}
    mine, theirs = list(_deeds(claim)), list(_deeds(sentence))
    verbs = {deed.verb for deed in mine} & {deed.verb for deed in theirs} - _BOTH_WAYS
    for verb in sorted(verbs):
        said = [deed for deed in mine if deed.verb == verb]
        stated = [deed for deed in theirs if deed.verb == verb]
        if len(said) != 1 or len(stated) != 1:
            continue
        if _exchanged(said[0], stated[0], people):
            yield f"the cited text says the reverse of who does this ({verb})"


def done_by_another(claim: str, sentence: str, text: str) -> Iterable[str]:
    """Verbs whose doer is not the one that the sentence names, but somebody else whom the text speaks of."""
    known = {stem(word) for word in WORD.findall(text)}
    for said in _deeds(claim):
        for stated in _deeds(sentence):
            if said.verb != stated.verb or not said.actor or not stated.actor or not said.rest & stated.rest:
                continue
            there = {stem(word) for word in WORD.findall(sentence)}
            mine = said.actor.union(*map(synonyms, said.actor))
            if said.actor <= known and not mine & there:
                yield f"the cited text names somebody else who does this ({said.verb})"
                return


def demoted(claim: str, quote: str) -> Iterable[str]:
    """Names that the evidence calls a deputy, a former or an acting one, and the claim the thing itself."""
    for match in _BELOW.finditer(quote):
        role = match["role"].lower()
        if match["below"].lower() in claim.lower() or stem(role) not in {
            stem(word) for word in WORD.findall(claim)
        }:
            continue
        end = re.search(r"[.;,]\s|\sand\s|$", quote[match.end() + 1 :])
        behind = quote[match.end() : match.end() + 1 + (end.start() if end else 0)]
        here = set(names(claim)) & set(names(behind))
        if here:
            yield f"{match['below']} {role}, says the cited text"
            return


def same_deed(claim: str, sentence: str, one: str, other: str) -> bool:
    """Whether both texts say the same of two names: one in the passive, or a verb that goes both ways."""
    pair = {stem(one), stem(other)}
    for said in _deeds(claim):
        for stated in _deeds(sentence):
            if said.verb != stated.verb or pair & said.actor & said.rest:
                continue
            sides = [(deed.actor & pair, deed.rest & pair) for deed in (said, stated)]
            if all(actor and rest for actor, rest in sides) and (
                sides[0] == sides[1] or said.verb in _BOTH_WAYS
            ):
                return True
    return False


def _exchanged(said: _Deed, stated: _Deed, people: set[str]) -> bool:
    if said.actor & stated.actor:
        return False
    crossed = said.actor & stated.rest and stated.actor & said.rest
    if crossed and not said.rest & stated.rest & people:
        return True
    actors, named = stated.actor & people, said.actor & people
    if named and named <= stated.rest and not named & said.rest:
        return True
    return bool(actors and actors <= said.rest and named and not named & stated.actor)


def _deeds(text: str) -> Iterator[_Deed]:
    clauses: list[str] = []
    for clause in _CLAUSE.split(text):
        first = WORD.match(clause)
        if clauses and first and first.group().lower() in _AUXILIARY:  # "A, a supplier of B, has filed …"
            clause = " ".join((*clauses[-_APPOSED:], clause))
        clauses.append(clause)
    for clause in clauses:
        tokens = WORD.findall(clause)
        for at, token in enumerate(tokens):
            if at and is_content(token) and _is_verb(tokens, at):
                yield _deed(tokens, at)


def _is_verb(tokens: list[str], at: int) -> bool:
    token = tokens[at].lower()
    before = [word.lower() for word in tokens[max(0, at - 3) : at] if not word.lower().endswith("ly")]
    if before and (
        before[-1] in _AUXILIARY or (before[-1] == "not" and len(before) > 1 and before[-2] in _AUXILIARY)
    ):
        return True
    behind = tokens[at + 1] if at + 1 < len(tokens) else ""
    takes = behind.lower() in _BEHIND_VERB or behind[:1].isupper() or behind[:1].isdigit()
    return takes and tokens[at].islower() and token.endswith(("ed", "s")) and not token.endswith("ss")


def _deed(tokens: list[str], at: int) -> _Deed:
    before, behind = [word.lower() for word in tokens[:at]], [word.lower() for word in tokens[at + 1 :]]
    subject = frozenset(_head(tokens[:at]))
    if any(word in _BE for word in before[-3:]) or behind[:1] == ["by"]:
        if "by" not in behind:
            return _Deed(stem(tokens[at]), frozenset(), subject | _stems(tokens[at + 1 :]))
        by = behind.index("by")
        agent = frozenset(_head(tokens[at + 2 + by :]))
        return _Deed(stem(tokens[at]), agent, subject | _stems(tokens[at + 1 : at + 1 + by]))
    return _Deed(stem(tokens[at]), subject, _stems(tokens[at + 1 :]))


def _head(tokens: list[str]) -> list[str]:
    """Stems of what a phrase is about: its content words up to the first preposition."""
    found: list[str] = []
    for token in tokens:
        if token.lower() in _PREPOSITIONS:
            break
        if is_content(token) and token.lower() not in _AUXILIARY:
            found.append(stem(token))
    return found


def _stems(tokens: list[str]) -> frozenset[str]:
    return frozenset(stem(token) for token in tokens if is_content(token))
