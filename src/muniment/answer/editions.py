"""Documents that disagree: older editions beside newer ones, and passages that state another value."""

from collections.abc import Iterable, Mapping, Sequence

from muniment.language import editions
from muniment.language.editions import Edition, Excerpt, edition, names_edition
from muniment.language.measures import comparable, equal
from muniment.language.names import codes
from muniment.language.qualifiers import contradict, qualifiers
from muniment.language.quantities import Amounts, Quantity, amounts
from muniment.language.tables import is_period, named_cells
from muniment.language.terms import content_stems
from muniment.language.units import CELL_SEPARATOR, split_units
from muniment.types import Citation, CitationVerdict, Claim, ClaimVerdict, Passage

_ALIKE = 0.7
"""Share of the content words of either of two sentences that the other must carry, numbers left out."""
_FEWEST = 3
"""Content words that two sentences must share to speak of the same thing."""
_MOST_NOTES = 3

_Row = Sequence[tuple[str, str]]


def edition_of(passage: Passage) -> Edition:
    """The edition of the passage's document."""
    return edition(passage.document_name, passage.metadata)


def superseded(question: str, passages: Sequence[Passage]) -> dict[int, str]:
    """Positions of the passages that a newer edition beside them says anew, with that one's name.

    None when the question names a year or a version: it may mean an older one.
    """
    if names_edition(question):
        return {}
    excerpts = [Excerpt(one.document_id, edition_of(one), one.chunk.text) for one in passages]
    return {old: passages[new].document_name for old, new in editions.superseded(excerpts).items()}


def newest_first(question: str, passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The passages with the superseded ones at the end."""
    old = superseded(question, passages)
    return tuple(passages[n] for n in sorted(range(len(passages)), key=lambda n: n in old))


def conflicts(claims: Iterable[Claim], passages: Sequence[Passage]) -> tuple[str, ...]:
    """Notes on passages of other documents that state another value for what a supported claim says.

    Two sentences speak of the same thing when each carries most of the other's words, and they name the same
    codes; they disagree when both have a number of one unit and none of these numbers is the same.
    """
    by_id = {passage.id: passage for passage in passages}
    notes: dict[str, None] = {}
    for claim in claims:
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            continue
        for citation in claim.citations:
            if citation.verdict is CitationVerdict.VERIFIED and citation.passage_id in by_id:
                notes |= dict.fromkeys(_notes_on(claim, citation, by_id))
    return tuple(list(notes)[:_MOST_NOTES])


def _notes_on(claim: Claim, citation: Citation, passages: Mapping[int, Passage]) -> Iterable[str]:
    mine = passages[citation.passage_id]
    stated = amounts(claim.text)
    if not stated.quantities:
        return
    for other in passages.values():
        if other.document_id == mine.document_id:
            continue
        mine_named = [_named(mine, line) for line in citation.quote.split("\n")]
        for said, named in _sentences(other):
            lines = zip(citation.quote.split("\n"), mine_named, strict=True)
            if any(
                _disagree(line, said, stated) or _rows_disagree(row, named, stated) for line, row in lines
            ):
                yield _note(mine, other, said)


def _sentences(passage: Passage) -> Iterable[tuple[str, _Row]]:
    text = passage.chunk.text
    for unit in split_units(text):
        header = text[slice(*unit.header)] if unit.header else None
        yield unit.of(text), (named_cells(header, unit.of(text)) or ()) if header else ()


def _named(passage: Passage, quoted: str) -> _Row:
    """The named cells of a quoted row of the passage; none of what is no row of a table."""
    if CELL_SEPARATOR not in quoted:
        return ()
    return next((named for text, named in _sentences(passage) if text == quoted.strip()), ())


def _rows_disagree(mine: _Row, theirs: _Row, stated: Amounts) -> bool:
    """Whether two rows of one name have different amounts in a column of one name, of which the claim states
    one.

    A row often has no word but its name, too few for ``_disagree``. Columns that are only called by a year
    may
    be of any table.
    """
    if not mine or not theirs or not mine[0][0] or mine[0] != theirs[0]:
        return False
    others = dict(theirs[1:])
    return any(
        bool(amounts(cell).quantities)
        and bool(amounts(others.get(name, "")).quantities)
        and not any(_states(one, amounts(others[name])) for one in amounts(cell).quantities)
        and any(_states(one, stated) for one in amounts(cell).quantities)
        for name, cell in mine[1:]
        if name and not is_period(name)
    )


def _states(one: Quantity, among: Amounts) -> bool:
    return any(one.values & other.values for other in among.quantities)


def _disagree(sentence: str, said: str, stated: Amounts) -> bool:
    mine, theirs = set(content_stems(sentence)), set(content_stems(said))
    shared = len(mine & theirs)
    if shared < _FEWEST or shared < _ALIKE * max(len(mine), len(theirs)):
        return False
    if set(codes(sentence)) != set(codes(said)) or contradict(qualifiers(sentence), qualifiers(said)):
        return False
    if CELL_SEPARATOR in said and said.split(CELL_SEPARATOR)[0] != sentence.split(CELL_SEPARATOR)[0]:
        return False
    here, there = amounts(sentence), amounts(said)
    return any(
        any(comparable(one.unit, other.unit) for other in there.quantities)
        and not any(equal(one.values, one.unit, other.values, other.unit) for other in there.quantities)
        for one in here.quantities
        if any(one.values & number.values for number in stated.quantities)
    )


def _note(mine: Passage, other: Passage, said: str) -> str:
    place = (
        f"{other.document_name}, page {other.chunk.pages[0]}" if other.chunk.pages else other.document_name
    )
    quoted = f"{place}, says otherwise: “{' '.join(said.split())}”"
    newer = edition_of(mine).newer_than(edition_of(other))
    if newer is None:
        return f"Documents disagree: {quoted}. Which is the newer cannot be told."
    if newer:
        return f"Documents disagree: {quoted}. {mine.document_name} is the newer."
    return f"Documents disagree, and the answer quotes the older one ({mine.document_name}): {quoted}."
