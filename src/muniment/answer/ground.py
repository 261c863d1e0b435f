"""Checks an answer: each claim's citations against the stored documents, each claim against its citations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from muniment.answer.check import LEAST_COVERAGE, Evidence, check_claim, coverage, says_otherwise
from muniment.answer.claims import Statement, StatementKind, split_claims
from muniment.answer.clauses import clauses, subject_and_rest
from muniment.answer.editions import superseded
from muniment.answer.evidence import Window, find_window, locate
from muniment.language.units import UnitKind, split_units
from muniment.types import (
    AnswerVerdict,
    Citation,
    CitationVerdict,
    Claim,
    ClaimVerdict,
    ParsedDocument,
    Passage,
)

_ATTACH_COVERAGE = 0.8
"""An uncited claim gets a passage attached only when the quote carries this share of its content words."""
_FEW = 3
"""Passages cited for one claim; who cites more means that all are about one thing."""
_CONTRIBUTES = 0.25
"""One of several citations must carry this share of the claim's content words."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A citation with the evidence it brings; no evidence when its quote cannot be had."""

    citation: Citation
    evidence: Evidence | None = None


def ground(
    text: str, given: Mapping[int, Passage], documents: Mapping[str, ParsedDocument]
) -> tuple[Claim, ...]:
    """The claims of an answer with their citations, all checked.

    A citation is VERIFIED only when its passage was given, its quote stands in the stored document
    at its spans, and the quotes of the claim's citations together carry the claim.

    Args:
        text: the answer.
        given: the passages the generator was given, by the number it cites them by.
        documents: stored documents by id, at least those of ``given``; a missing one verifies nothing.
    """
    return tuple(
        _ground_statement(statement, given, documents)
        for statement in split_claims(text)
        if statement.kind is StatementKind.CLAIM
    )


def verdict_of(claims: Sequence[Claim]) -> AnswerVerdict:
    """GROUNDED: all claims are supported and no citation was invented. ABSTAINED: no claim is supported."""
    supported = [claim for claim in claims if claim.verdict is ClaimVerdict.SUPPORTED]
    if not supported:
        return AnswerVerdict.ABSTAINED
    invented = any(one.verdict is CitationVerdict.NOT_GIVEN for claim in claims for one in claim.citations)
    whole = len(supported) == len(claims) and not invented
    return AnswerVerdict.GROUNDED if whole else AnswerVerdict.PARTLY_GROUNDED


def _ground_statement(
    statement: Statement, given: Mapping[int, Passage], documents: Mapping[str, ParsedDocument]
) -> Claim:
    said = _to_prove(statement)
    if not statement.cited:
        return _attach(statement, said, given, documents)
    checked = [_check_citation(number, said, given, documents) for number in statement.cited]
    evidence = [one.evidence for one in checked if one.evidence is not None]
    reasons = check_claim(said, _joined(evidence)) if evidence else ()
    if 1 < len(evidence) <= _FEW and not reasons:
        reasons = _carried_apart(said, evidence)
    if evidence and not reasons:
        citations = tuple(_judged(one, said, alone=len(evidence) == 1) for one in checked)
        failed = tuple(one.reason for one in citations if one.reason)
        return _claim(statement, citations, ClaimVerdict.SUPPORTED, failed)
    citations = tuple(_unsupporting(one, reasons) for one in checked)
    not_had = tuple(one.citation.reason for one in checked if one.evidence is None)
    denied = any(says_otherwise(said, one) for one in evidence)
    if not denied and not any(one.citation.verdict is CitationVerdict.NOT_GIVEN for one in checked):
        repaired = _repair(statement, said, citations, given, documents)
        if repaired is not None:
            return repaired
    return _claim(statement, citations, ClaimVerdict.UNSUPPORTED, (*not_had, *reasons))


def _to_prove(statement: Statement) -> str:
    """The claim's words; a table row is read under its header."""
    return f"{statement.lead_in}\n{statement.text}" if " | " in statement.text else statement.text


def _check_citation(
    number: int, said: str, given: Mapping[int, Passage], documents: Mapping[str, ParsedDocument]
) -> _Checked:
    passage = given.get(number)
    if passage is None:
        return _Checked(_not_given(number, given))
    window = find_window(said, passage.chunk.text)
    if window is None:
        citation = _citation(
            passage, CitationVerdict.NOT_SUPPORTING, f"passage [{number}] says nothing of this"
        )
        return _Checked(citation)
    return _verified(passage, window, documents)


def cite(
    passage: Passage, ranges: Sequence[tuple[int, int]], documents: Mapping[str, ParsedDocument]
) -> Citation:
    """The citation of ranges of a passage's text: VERIFIED when the stored document holds them there."""
    document = documents.get(passage.document_id)
    if document is None:
        reason = f"the document {passage.document_name} is not stored any more"
        return _citation(passage, CitationVerdict.QUOTE_NOT_FOUND, reason)
    located = locate(passage.chunk, ranges, document.text)
    if located is None:
        reason = f"the quote does not stand in the stored document {passage.document_name} at that place"
        return _citation(passage, CitationVerdict.QUOTE_NOT_FOUND, reason)
    return Citation(
        passage.id,
        passage.document_id,
        passage.document_name,
        located.quote,
        located.spans,
        CitationVerdict.VERIFIED,
        collection=passage.collection,
    )


def _verified(passage: Passage, window: Window, documents: Mapping[str, ParsedDocument]) -> _Checked:
    """The citation of a window, once its quote was found in the stored document."""
    citation = cite(passage, window.ranges, documents)
    if citation.verdict is not CitationVerdict.VERIFIED:
        return _Checked(citation)
    title = documents[passage.document_id].title
    headings = "\n".join((passage.document_name, title, passage.chunk.context, *passage.chunk.headings))
    best = passage.chunk.text[slice(*window.best)]
    return _Checked(citation, Evidence(citation.quote, best, headings, window.around, passage.chunk.text))


def _attach(
    statement: Statement, said: str, given: Mapping[int, Passage], documents: Mapping[str, ParsedDocument]
) -> Claim:
    found = _best_elsewhere(said, _current(given, said).values(), documents)
    if found is None:
        reason = "no passage is cited, and none that was given carries this"
        return _claim(statement, (), ClaimVerdict.UNCITED, (reason,))
    reason = "no passage was cited; the evidence was found by the server"
    return _claim(statement, (found,), ClaimVerdict.SUPPORTED, (reason,))


def _repair(
    statement: Statement,
    said: str,
    citations: tuple[Citation, ...],
    given: Mapping[int, Passage],
    documents: Mapping[str, ParsedDocument],
) -> Claim | None:
    """A claim whose citation points at the wrong passage though another one that was given carries it."""
    current = _current(given, said)
    others = [passage for number, passage in current.items() if number not in statement.cited]
    found = _best_elsewhere(said, others, documents)
    if found is None:
        return None
    reason = "the passage cited does not carry this; the evidence was found by the server in another"
    return _claim(statement, (*citations, found), ClaimVerdict.SUPPORTED, (reason,))


def _best_elsewhere(
    said: str, passages: Iterable[Passage], documents: Mapping[str, ParsedDocument]
) -> Citation | None:
    """The citation of the passage that carries the claim best, when one clearly does.

    It must do so in one place, and not be what a newer edition says anew.
    """
    windows = [(window, passage) for passage in passages if (window := find_window(said, passage.chunk.text))]
    for window, passage in sorted(windows, key=lambda pair: -pair[0].weight)[:2]:
        checked = _verified(passage, window, documents)
        evidence = checked.evidence
        if evidence is None or not _carried_in_one_place(said, evidence):
            continue
        if not check_claim(said, evidence):
            return checked.citation
    return None


def _carried_in_one_place(said: str, evidence: Evidence) -> bool:
    """Whether the quote carries nearly all of the claim, and one sentence most of each clause."""
    if coverage(said, f"{evidence.quote}\n{evidence.headings}") < _ATTACH_COVERAGE:
        return False
    units = split_units(evidence.quote)
    header = "\n".join(unit.of(evidence.quote) for unit in units if unit.kind is UnitKind.TABLE_HEADER)
    sentences = [f"{header}\n{unit.of(evidence.quote)}\n{evidence.headings}" for unit in units]
    return all(
        any(coverage(clause, sentence) >= LEAST_COVERAGE for sentence in sentences)
        for clause in clauses(said)
    )


def _current(given: Mapping[int, Passage], said: str) -> dict[int, Passage]:
    """The passages that no newer edition among them says anew; all when the claim names an edition."""
    old = superseded(said, list(given.values()))
    return {number: one for at, (number, one) in enumerate(given.items()) if at not in old}


def _judged(checked: _Checked, said: str, *, alone: bool) -> Citation:
    """A citation of a supported claim: one of several must bring something of its own."""
    if checked.evidence is None or alone or coverage(said, checked.evidence.quote) >= _CONTRIBUTES:
        return checked.citation
    if any(coverage(clause, checked.evidence.quote) >= LEAST_COVERAGE for clause in clauses(said)):
        return checked.citation
    return _changed(
        checked.citation, CitationVerdict.NOT_SUPPORTING, "this passage adds nothing to the claim"
    )


def _unsupporting(checked: _Checked, reasons: tuple[str, ...]) -> Citation:
    if checked.evidence is None:
        return checked.citation
    return _changed(checked.citation, CitationVerdict.NOT_SUPPORTING, "; ".join(reasons))


def _carried_apart(said: str, evidence: list[Evidence]) -> tuple[str, ...]:
    """Why several passages carry the claim only when what one says is taken for what another is about.

    Each clause must be said by a passage that also names what the clause is about.
    """
    reasons: list[str] = []
    texts = ["\n".join((one.quote, one.headings, one.around)) for one in evidence]
    for clause in clauses(said):
        subject, rest = subject_and_rest(clause)
        saying = [text for text in texts if coverage(rest, text) >= LEAST_COVERAGE]
        reasons += [
            f"the cited passages do not say this of {name}"
            for name in subject
            if saying and not any(name.casefold() in text.casefold() for text in saying)
        ]
    return tuple(reasons)


def _joined(evidence: list[Evidence]) -> Evidence:
    """Several citations of one claim, taken together."""
    return Evidence(
        "\n".join(one.quote for one in evidence),
        "\n".join(one.best for one in evidence),
        "\n".join(one.headings for one in evidence),
        "\n".join(one.around for one in evidence),
        "\n\n".join(one.passage for one in evidence),
    )


def _claim(
    statement: Statement, citations: tuple[Citation, ...], verdict: ClaimVerdict, reasons: tuple[str, ...]
) -> Claim:
    return Claim(
        statement.text, statement.start, statement.end, citations, verdict, tuple(dict.fromkeys(reasons))
    )


def _citation(passage: Passage, verdict: CitationVerdict, reason: str) -> Citation:
    return Citation(
        passage.id,
        passage.document_id,
        passage.document_name,
        "",
        (),
        verdict,
        reason,
        passage.collection,
    )


def _changed(citation: Citation, verdict: CitationVerdict, reason: str) -> Citation:
    return replace(citation, verdict=verdict, reason=reason)


def _not_given(number: int, given: Mapping[int, Passage]) -> Citation:
    known = f"[1] to [{len(given)}] were" if len(given) > 1 else "only [1] was" if given else "none was"
    reason = f"passage [{number}] was not given to the generator; {known}"
    return Citation(0, "", f"[{number}]", "", (), CitationVerdict.NOT_GIVEN, reason)
