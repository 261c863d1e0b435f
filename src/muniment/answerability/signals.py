"""What can be counted: how near the passages stand to a question, and what of it they lack."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muniment.answerability.windows import ALIKE, Window, carried, stems_of, term_weights
from muniment.language.names import CODE
from muniment.language.negation import cues, opposites
from muniment.language.synonyms import synonyms
from muniment.providers.extractive.question import Question
from muniment.providers.extractive.scoring import holds_expected
from muniment.types import Passage

NAMES = (
    "passage cosine", "passage cosine, first above the rest", "window cosine", "window cosine, second",
    "passage with its nearest sentence",
    "words in the best window", "words in all windows", "words in the best passage", "heaviest word missing",
    "names missing", "codes missing", "numbers missing", "kind asked for is missing",
    "amount asked for is missing near the best words", "sort asked for is missing", "nothing in common",
    "denied in the question alone", "opposite instead",
)  # fmt: skip
"""What each signal is, in the order of ``signals``."""

_NUMBER = re.compile(r"(?<![\w.])\d[\d,.]*\d|(?<![\w.])\d")


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a question holds that the passages do not.

    Attributes:
        names: words spelt like names, and codes, that stand in no passage.
        numbers: numbers that stand in no passage.
        words: the other words that stand in no window, heaviest first.
        kind: whether no window holds the kind of thing asked for (an amount, a date, a person).
        sort: whether what a "which" asks for (which bank) is named in no passage.
    """

    names: tuple[str, ...]
    codes: tuple[str, ...]
    numbers: tuple[str, ...]
    words: tuple[str, ...]
    kind: bool
    sort: bool


def lacking(question: Question, passages: Sequence[Passage], windows: Sequence[Window]) -> Lacking:
    """What of the question is missing in what was found."""
    text = "\n".join(map(_whole, passages))
    names = question.names or question.sort is not None
    found = frozenset[str]().union(*(stems_of(_whole(passage)) for passage in passages if names))
    shouted = text.upper() if question.codes else ""
    in_windows = frozenset[str]().union(*(window.found for window in windows)) | _leads(windows)
    weights = term_weights(question.terms, windows)
    words = [t for t in question.terms if t not in in_windows and not synonyms(t) & in_windows]
    holds = [holds_expected(question.expects, window.text) for window in windows]
    return Lacking(
        tuple(sorted(question.names - found)),
        tuple(sorted(code for code in question.codes if code not in shouted)),
        tuple(number for number in _NUMBER.findall(CODE.sub(" ", question.text)) if number not in text),
        tuple(sorted(words, key=lambda term: -weights[term])),
        bool(holds) and all(one is False for one in holds),
        question.sort is not None and question.sort not in found and not synonyms(question.sort) & found,
    )


def signals(
    question: Question,
    passages: Sequence[Passage],
    windows: Sequence[Window],
    cosines: Mapping[int, float],
    missing: Lacking,
) -> NDArray[np.float32]:
    """The signals of ``NAMES``, shape (18,); ``cosines`` are those of the question with the windows that were
    embedded, by their places in ``windows``."""
    of_passages = sorted((p.scores["cosine"] for p in passages if "cosine" in p.scores), reverse=True)
    near = sorted(cosines.values(), reverse=True) or [0.0]
    of_passages = of_passages or near
    weights = term_weights(question.terms, windows)
    shares = [carried(weights, window.found | _leads([window])) for window in windows] or [0.0]
    everything = carried(weights, frozenset[str]().union(*(w.found for w in windows)) | _leads(windows))
    best = windows[int(np.argmax(shares))] if windows else None
    total = sum(weights.values()) or 1.0
    of_best = _share_in(question, passages[best.rank]) if best else 0.0
    return np.array(
        [
            of_passages[0],
            of_passages[0] - float(np.mean(of_passages[1:8] or of_passages[:1])),
            near[0],
            near[0] - (near[1] if len(near) > 1 else near[0]),
            max(_with_nearest_sentences(passages), default=near[0]),
            max(shares),
            everything,
            of_best,
            max((weights[term] for term in missing.words), default=0.0) / total,
            len(missing.names) / max(1, len(question.names)),
            len(missing.codes) / max(1, len(question.codes)),
            len(missing.numbers) / max(1, len(_NUMBER.findall(question.text))),
            missing.kind,
            _lacks_amount(question, windows, cosines),
            missing.sort,
            of_best == 0.0,
            bool(cues(question.text)) and best is not None and not cues(best.text),
            best is not None and any(opposites(term) & best.found - {term} for term in missing.words),
        ],
        np.float32,
    )


def _with_nearest_sentences(passages: Sequence[Passage]) -> list[float]:
    """For each passage with a cosine, the mean of it and that of its nearest sentence, where the index keeps
    vectors of sentences. Both come with what was found: nothing is embedded for them."""
    of_both = [
        (one.scores["cosine"], one.scores.get("sentence")) for one in passages if "cosine" in one.scores
    ]
    return [whole if nearest is None else (whole + nearest) / 2 for whole, nearest in of_both]


def _lacks_amount(question: Question, windows: Sequence[Window], cosines: Mapping[int, float]) -> bool:
    """Whether an answer must hold an amount or date, and the nearest window holds none."""
    if not windows or not question.demands_amount or question.parts > 1:
        return False
    nearest = windows[max(cosines, key=lambda place: cosines[place])] if cosines else windows[0]
    return holds_expected(question.expects, nearest.text) is False


def _leads(windows: Sequence[Window]) -> frozenset[str]:
    return frozenset[str]().union(*(stems_of(window.lead) for window in windows))


def _share_in(question: Question, passage: Passage) -> float:
    """Share of the question's terms that a passage with its title carries, synonyms counting less."""
    found = stems_of(_whole(passage))
    degrees = [1.0 if t in found else ALIKE if synonyms(t) & found else 0.0 for t in question.terms]
    return sum(degrees) / max(1, len(degrees))


def _whole(passage: Passage) -> str:
    return f"{passage.document_name}\n{passage.chunk.context}\n{passage.chunk.text}"
