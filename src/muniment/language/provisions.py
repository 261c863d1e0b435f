"""References to provisions, "Article 9", "section 4.2", "clause 3(b)", and the headings they refer to."""

import re
from dataclasses import dataclass

_LABELS = {
    form: label
    for label, forms in {
        "article": "article art", "section": "section sec §", "clause": "clause cl", "chapter": "chapter",
        "annex": "annex annexe", "appendix": "appendix", "schedule": "schedule",
        "paragraph": "paragraph para",
        "part": "part", "rule": "rule", "recital": "recital", "note": "note", "exhibit": "exhibit",
        "point": "point item", "title": "title",
    }.items()
    for form in forms.split()
}  # fmt: skip
_BARE = frozenset({"section", "clause", "chapter", "paragraph", "rule", "part", "point"})
"""What is often numbered without its label: "5. Expense claims" is section 5."""
_PARTS = frozenset({"paragraph", "point"})
"""What is counted within another provision: paragraph 2 of Article 10."""
_FORMS = "|".join(sorted((form for form in _LABELS if form != "§"), key=len, reverse=True))
_LABEL = rf"(?:\b(?:{_FORMS})\b\.?\s*|§\s*)"
_NUMBER = r"(?P<number>\d+[a-z]?(?:\.\d+)*(?![\w%])|[IVXLC]+\b|[A-Z]\b)"
_REFERENCE = re.compile(
    rf"(?P<label>{_LABEL})(?-i:{_NUMBER})(?:\s?\((?P<part>\d{{1,2}}|[a-z]{{1,3}})\))?", re.I
)
_HEAD = re.compile(rf"\W*(?P<label>{_LABEL})(?-i:{_NUMBER})(?!\s?\()(?P<rest>.*)$", re.I | re.S)
_NUMBERED = re.compile(r"\W*(?P<number>\d+[a-z]?(?:\.\d+)*)[.)]?\s+(?P<rest>\S.*)$", re.S)
_RUNS_ON = re.compile(
    r"\s*(?:,|;|\)|(?:of|to|and|or|in|on|shall|is|are|was|were|may|must|applies|apply|does|do|has|have|lays|provides|states"
    r"|requires|says|sets|governs|refers|covers|deals|above|below)\b)",
    re.I,
)
LONGEST_HEAD = 120
"""Characters of a line that may be a heading."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A provision that a text names, as "article" and "9"; ``part`` is what it names within it, or ""."""

    label: str
    number: str
    part: str = ""

    @property
    def words(self) -> frozenset[str]:
        """Its words in lower case."""
        return frozenset(word for word in (self.label, self.number.lower(), self.part) if word)


def references(text: str) -> tuple[Reference, ...]:
    """The provisions that ``text`` names; a paragraph beside an article is a part of it."""
    found = [
        Reference(_label(match["label"]), match["number"], (match["part"] or "").lower())
        for match in _REFERENCE.finditer(text)
        if match["number"] != "I" or not match["label"].islower()  # "the part I play"
    ]
    whole = [one for one in found if one.label not in _PARTS]
    if len(whole) == 1 and len(found) == 2 and not whole[0].part:
        (part,) = (one for one in found if one.label in _PARTS)
        return (Reference(whole[0].label, whole[0].number, part.number.lower()),)
    return tuple(found)


def heads(line: str, reference: Reference) -> bool:
    """Whether ``line`` is the heading of the provision."""
    named = headed(line)
    if named is not None:
        return (named.label, named.number) == (reference.label, reference.number)
    if reference.label not in _BARE or len(line) > LONGEST_HEAD:
        return False
    numbered = _NUMBERED.match(line)
    return (
        numbered is not None and numbered["number"] == reference.number and not numbered["rest"][0].islower()
    )


def headed(line: str) -> Reference | None:
    """The provision whose heading ``line`` is, by its label; None for a sentence that only begins so."""
    match = _HEAD.match(line) if len(line) <= LONGEST_HEAD else None
    if match is None or _RUNS_ON.match(match["rest"]):
        return None
    return Reference(_label(match["label"]), match["number"])


def is_label(word: str) -> bool:
    """Whether a word stands before the numbers of provisions: "Article", "Annex"."""
    return word.lower() in _LABELS


def number_of(line: str) -> str | None:
    """The number that a heading without a label begins with: "4.2" of "4.2 Sick leave"."""
    match = _NUMBERED.match(line)
    return match["number"] if match else None


def _label(written: str) -> str:
    return _LABELS[written.strip().rstrip(".").strip().lower()]
