"""What is said of all though the evidence says it of some: an exception or a condition was lost."""

import re
from collections.abc import Iterable

from muniment.language.terms import content_stems, stems
from muniment.language.units import split_units

_ALL = re.compile(
    r"\b(?:all|every|each|any(?:one|body|thing)?|everyone|everybody|always|without exception"
    r"|in (?:all|any) cases?|at any time|regardless|no matter|unconditionally|fully|entirely)\b",
    re.I,
)
_SOME = re.compile(
    r"\b(?:who|whose|whom|which|that|if|when|unless|except|only|provided|where|some|most|certain|other|others"
    r"|more than|less than|at least|up to|below|above|over|under|until|than|two|three|half|first|not)\b",
    re.I,
)
_SAME_SUBJECT = 0.5


def generalised(claim: str, quote: str) -> Iterable[str]:
    """The word of the claim that says "all" where the sentences on its subject know a condition or an
    exception and none says it of all."""
    said = _ALL.search(claim)
    if said is None or re.search(rf"\b{re.escape(said.group())}\b", quote, re.I):
        return
    wanted = set(content_stems(_ALL.sub(" ", claim)))
    sentences = [unit.of(quote) for unit in split_units(quote)]
    near = [one for one in sentences if wanted and len(wanted & stems(one)) >= _SAME_SUBJECT * len(wanted)]
    if near and not any(_ALL.search(one) for one in near) and all(_SOME.search(one) for one in near):
        yield f"“{said.group()}” is more than the cited text says"
