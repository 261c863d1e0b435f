"""Whether quoted text carries a claim: its numbers, dates, names, negations and content words.

The check reads words, not meaning. It catches what retrieval-augmented models get wrong most and what
readers rely on most: a changed number or unit, a swapped name, a lost "not", a statement from elsewhere.
design/006-grounding.md gives the
reasons and the measured rates.
"""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

from muniment.answer.actors import demoted, done_by_another, same_deed, turned_round
from muniment.answer.bindings import given_to_another, given_to_another_name
from muniment.answer.changes import changed_otherwise
from muniment.answer.clauses import changed_places, clauses, put_together
from muniment.answer.comparisons import compared_otherwise
from muniment.answer.contraries import opposed
from muniment.answer.generalised import generalised
from muniment.answer.rows import mixed_rows
from muniment.answer.transplants import transplanted
from muniment.language.abbreviations import spelled_as
from muniment.language.cell_amounts import table_amounts
from muniment.language.currencies import MONEY
from muniment.language.measures import equal
from muniment.language.names import codes, names
from muniment.language.negation import NO_DENIAL, cues, opposites, polarity
from muniment.language.quantities import Amounts, amounts, carried, dated, implied_ones, within_one
from muniment.language.terms import begun_alike, content_stems, stem, stems, words
from muniment.language.units import LIST_MARK, split_units
from muniment.language.unnumbered import free_of_charge

TOO_LITTLE = "the cited text says too little of this"
"""How the reason begins that words of the claim are missing."""
LEAST_COVERAGE = 0.6
"""Share of a claim's content words that its evidence, surroundings included, must carry."""
LEAST_OWN = 0.4
"""Share that the quote alone must carry."""
LEAST_CLAUSE = 0.4
"""Share of the content words of each clause."""
LONGEST_RUN = 3
"""Content words in a row that may not all be missing."""
_EXCLUDES = re.compile(
    r"\b(?:except(?:ed|ion)?|unless|exclud\w+|exempt\w*|barred|prohibit\w*|forbid\w*|other than|waive\w*"
    r"|instead of|closed to)\b",
    re.I,
)
"""What denies without a negation."""
_TWICE = 2
"""Negations that make an affirmation: "without consent it does not apply"."""
_LIGHT = frozenset(map(stem, "use make get do need give provide take".split()))
"""Verbs that say little."""
_LEAST_DENIED = 2
"""Content words of a sentence that denies what a claim says."""
_MOSTLY = 0.85


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim rests on.

    ``quote`` is all quoted text, ``best`` the quoted sentence nearest to the claim, ``headings`` the
    titles and heading paths above, ``around`` the sentences before and behind, ``passage`` all text of the
    passages cited.
    """

    quote: str
    best: str
    headings: str = ""
    around: str = ""
    passage: str = ""


def check_claim(claim: str, evidence: Evidence) -> tuple[str, ...]:
    """Why the evidence does not carry the claim, in words for the reader; empty when it does."""
    claim = spelled_as(claim, (evidence.quote, evidence.headings, evidence.around))
    wrong_amounts = tuple(_amounts_missing(claim, evidence))
    worded = evidence
    if not wrong_amounts:  # "20 cents" and "three years" are no words that the evidence must have as well
        said = " ".join(one.text for one in amounts(claim).quantities)
        worded = replace(evidence, around=f"{evidence.around}\n{said}")
    return tuple(
        dict.fromkeys(
            (
                *wrong_amounts,
                *_names_missing(claim, worded),
                *_denied_otherwise(claim, evidence.best),
                *_denied_beside(claim, evidence),
                *_contraries(claim, evidence.quote),
                *_exchanged_names(claim, evidence),
                *exchanged(claim, evidence),
                *_words_missing(claim, worded),
            )
        )
    )


def says_otherwise(claim: str, evidence: Evidence) -> bool:
    """Whether the evidence speaks of what the claim does and says something else of it.

    What other passages say cannot make up for that.
    """
    headed = f"{evidence.best}\n{evidence.headings}"
    if coverage(claim, headed) < LEAST_COVERAGE:
        return False
    denials = (_denied_otherwise(claim, evidence.best), _contraries(claim, evidence.quote))
    if any(True for found in (*denials, exchanged(claim, evidence)) for _ in found):
        return True
    mine, stated = amounts(claim), amounts(evidence.best)
    return coverage(claim, headed) >= _MOSTLY and any(
        not carried(number, stated) and any(number.unit == other.unit for other in stated.quantities)
        for number in mine.quantities
    )


def coverage(claim: str, text: str) -> float:
    """Share of the claim's content words that ``text`` carries; 1 when the claim has none."""
    wanted = list(dict.fromkeys(content_stems(claim)))
    if not wanted:
        return 1.0
    there = stems(text)
    return sum(_carries(there, word) for word in wanted) / len(wanted)


def _amounts_missing(claim: str, evidence: Evidence) -> Iterable[str]:
    stated = table_amounts(_without_list_marks(evidence.quote), evidence.headings)
    above = amounts(evidence.headings)
    same_unit = (*above.quantities, *implied_ones(evidence.quote))
    wanted = amounts(claim)
    for number in wanted.quantities:
        elsewhere = any(equal(number.values, number.unit, one.values, one.unit) for one in same_unit)
        free = 0.0 in number.values and number.unit in MONEY and free_of_charge(evidence.quote)
        if not elsewhere and not free and not carried(number, stated):
            yield f"the number {number.text} is not in the cited text"
    for number in within_one(claim):
        if not any(
            equal(number.values, number.unit, one.values, one.unit)
            for one in (*same_unit, *stated.quantities)
        ):
            yield f"the number {number.text} is not in the cited text"
    for date in wanted.dates:
        if not dated(date, stated) and not dated(
            date, Amounts(stated.quantities, stated.dates + above.dates)
        ):
            yield f"the date {date.text} is not in the cited text"


def _without_list_marks(text: str) -> str:
    """Numbers of list items count nothing."""
    return "\n".join(
        line[match.end() :] if (match := LIST_MARK.match(line)) else line for line in text.split("\n")
    )


def _names_missing(claim: str, evidence: Evidence) -> Iterable[str]:
    text = "\n".join((evidence.quote, evidence.headings, evidence.around))
    there = stems(text)
    spelt = [word.casefold() for word in words(text)]
    joined = {"".join(spelt[at : at + length]) for at in range(len(spelt)) for length in (1, 2, 3)}
    for name in names(claim):
        if not _carries(there, stem(name)) and name.casefold() not in joined:
            yield f"the name {name} is not in the cited text"
    known = {code.casefold() for code in codes(text)}
    for code in codes(claim):
        written = code.casefold()
        parted = written.replace("-", " ").removesuffix("s")  # "under-18s" for "customers under 18"
        if written not in known and written not in text.casefold() and parted not in text.casefold():
            yield f"{code} is not in the cited text"


def _denied_otherwise(claim: str, sentence: str) -> Iterable[str]:
    mine, theirs = polarity(claim), polarity(sentence)
    for word in sorted(theirs.nearest & mine.affirmed - mine.denied - theirs.affirmed):
        yield f"the cited text denies what is said here ({_shown(word, sentence)})"
    denied_in_words = _EXCLUDES.search(sentence) or (cues(claim) == _TWICE and not cues(sentence))
    unsaid = mine.nearest & theirs.affirmed - theirs.denied - mine.affirmed
    for word in sorted(unsaid) if not denied_in_words else ():
        yield f"the cited text does not deny what is denied here ({_shown(word, claim)})"
    if cues(claim) != cues(sentence) and coverage(sentence, claim) >= _MOSTLY <= coverage(claim, sentence):
        yield "the cited text has a negation where this has none, or the reverse"


def _denied_beside(claim: str, evidence: Evidence) -> Iterable[str]:
    """What a clause of the passage denies, all of whose words the claim has: "Never run the pump dry".

    Nothing where a sentence affirms the whole claim.
    """
    mine, wanted, text = polarity(claim), set(content_stems(claim)), evidence.passage or evidence.quote
    if cues(claim) or (coverage(claim, evidence.best) == 1 and not cues(evidence.best)):
        return
    for unit in split_units(text):
        for clause in clauses(unit.of(text)):
            said = set(content_stems(clause)) - _LIGHT
            if len(said) < _LEAST_DENIED or not all(_carries(wanted, word) for word in said):
                continue
            denied = {word for word in polarity(clause).denied if _carries(mine.affirmed, word)}
            if denied:
                yield f"the cited text denies what is said here ({_shown(min(denied), clause)})"


def _contraries(claim: str, quote: str) -> Iterable[str]:
    claim = NO_DENIAL.sub(" ", claim)
    mine, theirs = stems(claim), stems(quote)
    for word in words(claim):
        contrary = opposites(stem(word)) & theirs
        if contrary and stem(word) not in theirs and not contrary & mine:
            yield f"“{word}” stands where the cited text says “{_shown(min(contrary), quote)}”"


def _exchanged_names(claim: str, evidence: Evidence) -> Iterable[str]:
    found = changed_places(claim, evidence.best)
    if found and not same_deed(claim, evidence.best, *found):
        yield f"{found[0]} and {found[1]} stand in each other's place in the cited text"
    if mixed := put_together(claim, f"{evidence.passage or evidence.quote}\n{evidence.headings}"):
        yield f"{mixed[0]} {mixed[1]} is put together of two names in the cited text"


def exchanged(claim: str, evidence: Evidence) -> Iterable[str]:
    """What the evidence says of something else, the other way round, or as the opposite."""
    near = f"{evidence.quote}\n{evidence.around}"
    text = evidence.passage or near
    yield from given_to_another(claim, text, near, evidence.headings)
    yield from given_to_another_name(claim, evidence.quote, evidence.headings)
    yield from mixed_rows(claim, text, evidence.headings)
    yield from turned_round(claim, evidence.best)
    yield from done_by_another(claim, evidence.best, text)
    yield from demoted(claim, evidence.quote)
    yield from changed_otherwise(claim, text)
    yield from compared_otherwise(claim, text, f"{near}\n{evidence.headings}")
    yield from generalised(claim, evidence.quote)
    yield from transplanted(claim, text, evidence.headings)
    yield from opposed(claim, _stating(claim, evidence))


def _stating(claim: str, evidence: Evidence) -> str:
    """The sentence quoted that states the claim's numbers; the nearest one where none or several do."""
    wanted = amounts(claim).quantities
    held: dict[str, int] = {}
    for unit in split_units(evidence.quote) if wanted else ():
        stated = amounts(unit.of(evidence.quote))
        # The names of a row's columns say what its cells are of: "Price EUR a year".
        columns = evidence.quote[slice(*unit.header)] if unit.header else ""
        sentence = f"{columns}\n{unit.of(evidence.quote)}".strip()
        held[sentence] = sum(carried(number, stated) for number in wanted)
    most = max(held.values(), default=0)
    stating = [sentence for sentence, count in held.items() if count == most]
    return stating[0] if most and len(stating) == 1 else evidence.best


def _words_missing(claim: str, evidence: Evidence) -> Iterable[str]:
    everything = "\n".join((evidence.quote, evidence.headings, evidence.around))
    own, all_ = coverage(claim, f"{evidence.quote}\n{evidence.headings}"), coverage(claim, everything)
    there = stems(everything)
    missing = [word for word in words(claim) if content_stems(word) and not _carries(there, stem(word))]
    foreign = any(coverage(clause, everything) < LEAST_CLAUSE for clause in clauses(claim))
    if (
        all_ < LEAST_COVERAGE
        or own < LEAST_OWN
        or foreign
        or _longest_run(claim, set(missing)) >= LONGEST_RUN
    ):
        shown = ", ".join(list(dict.fromkeys(missing))[:5])
        yield f"{TOO_LITTLE}; not in it: {shown}"


def _longest_run(claim: str, missing: set[str]) -> int:
    """How many content words of the claim in a row are missing."""
    longest = run = 0
    for word in words(claim):
        if content_stems(word):
            run = run + 1 if word in missing else 0
            longest = max(longest, run)
    return longest


def _carries(there: Set[str], word: str) -> bool:
    """Whether the stems hold the word, or one that begins the same (employ, employee)."""
    return word in there or begun_alike(word, there)


def _shown(word_stem: str, text: str) -> str:
    return next((word for word in words(text) if stem(word) == word_stem), word_stem)
