"""What a text allows and what it demands: "may suspend" is no "must suspend"."""

import re
from enum import StrEnum

from muniment.language.terms import is_content, stem

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?|[.!?;:,()]")
_MODAL = re.compile(
    r"\b(?P<permitted>(?-i:may)|can|(?:is|are) (?:allowed|permitted|entitled|free) to)\b"
    r"|\b(?P<obligatory>must|shall|ha(?:s|ve) to|(?:is|are) (?:required|obliged|obligated) to)\b",
    re.I,
)
_DENIED = re.compile(r"\s*(?:not|never|n['’]t)\b", re.I)
_NARROWED = re.compile(r"\bonly\b", re.I)
_FARTHEST = 4
"""Words behind a modal verb among which its verb is looked for."""


class Modality(StrEnum):
    """What a modal verb makes of its verb."""

    PERMITTED = "permitted"
    OBLIGATORY = "obligatory"


def modalities(text: str) -> dict[str, tuple[Modality, str]]:
    """The verbs behind modal ones, by stem, with what these make of them and how they are written.

    Left out: what is denied ("may not" and "must not" say the same), what is narrowed by "only", and verbs
    that are used both ways.
    """
    found: dict[str, tuple[Modality, str]] = {}
    unclear: set[str] = set()
    for match in _MODAL.finditer(text):
        behind = text[match.end() :]
        verb = _verb(behind)
        if not verb or _DENIED.match(behind):
            continue
        kind = Modality.PERMITTED if match["permitted"] else Modality.OBLIGATORY
        if _NARROWED.search(text) or (verb in found and found[verb][0] is not kind):
            unclear.add(verb)
        found[verb] = (kind, match.group())
    return {verb: one for verb, one in found.items() if verb not in unclear}


def _verb(behind: str) -> str:
    for number, token in enumerate(_TOKEN.findall(behind)):
        if number >= _FARTHEST or not token[0].isalnum():
            break
        if is_content(token) and not token.lower().endswith("ly"):
            return stem(token)
    return ""
