"""The candidates worth a closer look: those whose words, form and passage promise most."""

from dataclasses import dataclass

from muniment.protocols import PromptPassage
from muniment.providers.extractive.candidates import Candidate, find_candidates, term_weights
from muniment.providers.extractive.choice import score
from muniment.providers.extractive.headings import option_names
from muniment.providers.extractive.provisions import Provision, headed_first, provision
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.scoring import Scored
from muniment.providers.extractive.signals import EMPTY_TITLE, SIGNALS, read_asked

MOST_PASSAGES = 6
"""Passages further down hold the answer too seldom to be worth their time."""
MOST_CANDIDATES = 12
"""Candidates that the embedding model compares, some 10 ms on two cores. With twice as many, 5 of 550 answers
were others; as many held the gold quote, and one less was refused."""
FROM_BEST = 6
"""Places kept for the best passage, whatever its words: paraphrases share few with the question."""
_SAYS_NOTHING = SIGNALS.index("says nothing")


@dataclass(frozen=True, slots=True)
class Shortlist:
    """A question's candidates: ``all`` in reading order, ``best`` by their words, best first; and the
    ``provision`` that it names, as far as it was found."""

    question: Question
    weights: dict[str, float]
    all: list[Candidate]
    best: list[Scored]
    provision: Provision | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """All candidates in reading order, and those that may answer with their scores."""

    weights: dict[str, float]
    all: list[Candidate]
    scored: list[Scored]


def weighed(question: Question, passages: tuple[PromptPassage, ...]) -> Weighed:
    """The candidates of the best passages; headings and table headers are not scored."""
    read = headed_first(question, passages)[:MOST_PASSAGES]
    candidates = find_candidates(question, read)
    weights = term_weights(question.terms, candidates)
    asked = read_asked(question, weights, read)
    behind = _behind(read)
    scored = [score(asked, one, behind[one.passage.number]) for one in candidates if one.answers]
    return Weighed(weights, candidates, scored)


def shortlist(question: Question, passages: tuple[PromptPassage, ...]) -> Shortlist:
    """The best ``MOST_CANDIDATES`` of the best passages; titles that repeat the question are left out."""
    found = weighed(question, passages)
    named = provision(question, found.all)
    telling = [one for one in found.scored if one.signals[_SAYS_NOTHING] < EMPTY_TITLE]
    if named:
        telling = [one for one in telling if named.speaks(one.candidate)] or telling
    if options := option_names(question.text):
        telling = [one for one in telling if _speaks_of(options, one.candidate)] or telling
    ranked = sorted(telling, key=lambda one: -one.score)
    first = [one for one in ranked if one.candidate.passage is passages[0]][:FROM_BEST]
    rest = [one for one in ranked if one not in first]
    kept = first + rest[: MOST_CANDIDATES - len(first)]
    return Shortlist(question, found.weights, found.all, sorted(kept, key=lambda one: -one.score), named)


def _speaks_of(options: frozenset[str], one: Candidate) -> bool:
    return bool(options & (one.option | option_names(one.text)))


def _behind(passages: tuple[PromptPassage, ...]) -> dict[int, float]:
    """How far each passage's score lies below the best, from 0 to 1; by rank when all scores are equal."""
    scores = [given.passage.score for given in passages]
    best, least = max(scores, default=0.0), min(scores, default=0.0)
    if best == least:
        return {given.number: index / max(1, len(passages)) for index, given in enumerate(passages)}
    return {given.number: (best - given.passage.score) / (best - least) for given in passages}
