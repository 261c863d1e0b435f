"""Editions of one document: which of two is the newer, read from their names and metadata."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from muniment.language.terms import content_stems

DATED_BY = (
    "effective", "effective_date", "valid_from", "in_force", "date", "document_date", "published",
    "publication_date", "issued", "updated", "last_updated", "modified", "last_modified", "year",
)  # fmt: skip
"""Metadata keys that say how new a document is; the first that holds a date counts."""
VERSIONED_BY = ("version", "edition", "revision", "rev", "release")

_DAY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:[-_./ ]?(0[1-9]|1[0-2])(?:[-_./ ]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)"
)
_VERSION = re.compile(
    r"(?<![a-z])(?:version|edition|revision|release|rev|ver|v)[-_. ]?(\d+(?:\.\d+){0,3})(?!\d)", re.I
)
_NUMBERS = re.compile(r"\d+")
_ENDING = re.compile(r"\.[a-z][a-z0-9]{1,4}$", re.I)
_GAPS = re.compile(r"[\W_]+")

_NAMED = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\b(?:version|edition|revision)\s*\d", re.I)

_DOTTED = re.compile(r"\d+(?:\.\d+)*")
_VERSIONS_NAMED = re.compile(
    r"\b(?:version|edition|revision|release|v)s?[\s.]*(?!(?:19|20)\d\d\b)\d+(?:\.\d+)*"
    r"(?:\s*(?:and|or|to|,|with|from)\s*v?\d+(?:\.\d+)+)*",
    re.I,
)

Metadata = Mapping[str, str | int | float | bool]

_ALIKE = 0.4
"""Share of the shorter text's content words that the other must carry to say the same in another edition."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What tells editions of a document apart.

    Attributes:
        family: the document's name without dates, versions and ending; equal for all its editions.
        date: year, month and day, as far as they are written; empty when none is.
        version: the numbers of its version; empty when it has none.
    """

    family: str
    date: tuple[int, ...] = ()
    version: tuple[int, ...] = ()

    def newer_than(self, other: "Edition") -> bool | None:
        """Whether this one is the newer of the two; None when nothing tells."""
        for mine, theirs in ((self.version, other.version), (self.date, other.date)):
            if not mine or not theirs:
                continue
            shared = min(len(mine), len(theirs))
            if mine[:shared] != theirs[:shared]:
                return mine > theirs
        return None


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage's text, and which document in which edition it is of."""

    document_id: str
    edition: Edition
    text: str


def superseded(excerpts: Sequence[Excerpt]) -> dict[int, int]:
    """Positions of the excerpts that a newer edition among them says anew, with the newest one's position.

    Names alone do not make editions: "sheet 2001" and "sheet 2002" may be two things. What is said must be
    alike as well.
    """
    found: dict[int, int] = {}
    for position, mine in enumerate(excerpts):
        newest = mine
        for other, theirs in enumerate(excerpts):
            if (
                theirs.document_id != mine.document_id
                and theirs.edition.family == mine.edition.family
                and theirs.edition.newer_than(newest.edition)
                and _alike(mine.text, theirs.text)
            ):
                newest, found[position] = theirs, other
    return found


def _alike(one: str, other: str) -> bool:
    mine, theirs = set(content_stems(one)), set(content_stems(other))
    return len(mine & theirs) >= _ALIKE * max(1, min(len(mine), len(theirs)))


def names_edition(question: str) -> bool:
    """Whether a question names a year or a version: it may mean an older edition."""
    return bool(_NAMED.search(question))


def of_other_versions(question: str, excerpts: Sequence[Excerpt]) -> frozenset[int]:
    """Positions of the excerpts of another version than the question names, where that one is among them."""
    named = _versions_named(question)
    fits = [any(_same(version, one.edition.version) for version in named) for one in excerpts]
    families = {one.edition.family for one, fit in zip(excerpts, fits, strict=True) if fit}
    return frozenset(
        position
        for position, (one, fit) in enumerate(zip(excerpts, fits, strict=True))
        if not fit and one.edition.version and one.edition.family in families
    )


def _versions_named(question: str) -> list[tuple[int, ...]]:
    found = (
        number for match in _VERSIONS_NAMED.finditer(question) for number in _DOTTED.findall(match.group())
    )
    return [tuple(map(int, number.split("."))) for number in found]


def _same(named: tuple[int, ...], version: tuple[int, ...]) -> bool:
    """Whether a version is the one named, as exactly as it is named: 1 names 1.0 and 1.2."""
    shared = min(len(named), len(version))
    return shared > 0 and named[:shared] == version[:shared] and not any(named[shared:])


def edition(name: str, metadata: Metadata) -> Edition:
    """The edition that a document of that name and metadata is."""
    plain = _ENDING.sub("", name.rsplit("/", 1)[-1])
    version = _VERSION.search(plain)
    without = _VERSION.sub(" ", plain)
    day = _DAY.search(without)
    family = _GAPS.sub(" ", _DAY.sub(" ", without)).strip().casefold()
    told = {key.casefold().replace("-", "_").replace(" ", "_"): value for key, value in metadata.items()}
    return Edition(
        family or plain.casefold(),
        _date(told) or (_parts(day) if day else ()),
        _version(told) or (tuple(map(int, version[1].split("."))) if version else ()),
    )


def _date(told: Metadata) -> tuple[int, ...]:
    for key in DATED_BY:
        found = _DAY.search(str(told.get(key, "")))
        if found:
            return _parts(found)
    return ()


def _version(told: Metadata) -> tuple[int, ...]:
    for key in VERSIONED_BY:
        if found := _NUMBERS.findall(str(told.get(key, ""))):
            return tuple(map(int, found))
    return ()


def _parts(day: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(part) for part in day.groups() if part)
