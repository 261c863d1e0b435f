"""The few stretches of the passages that are read closely: those that promise most of an answer."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from muniment.language.synonyms import synonyms
from muniment.language.terms import WORD, stem
from muniment.language.units import Unit, UnitKind, split_units
from muniment.types import Passage

MOST_PASSAGES = 6
"""Passages further down hold the answer too seldom to be worth their time."""
MOST_WINDOWS = 4
LONGEST = 280
"""Characters of a window, some 60 tokens: a few sentences; a longer sentence is cut."""
LONGEST_LEAD = 60
"""Characters of the heading in front of a window, without which "it" and "the fee" name nothing."""
ALIKE = 0.6
"""What a synonym of a term counts."""
LEAD = 0.5
"""What a term in the heading counts."""
BEHIND = 0.4
"""Taken off, times how far the passage's score lies below the best one's (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of whole sentences, list items or rows of a passage.

    Attributes:
        rank: the passage's place in what was retrieved, from 0.
        position: its place in the passage, from 0.
        lead: the heading it stands under, or the document's name.
        found: stems of its own words.
        promise: how much of an answer it promises; 0 until ``choose_windows`` weighs it.
    """

    rank: int
    position: int
    lead: str
    text: str
    found: frozenset[str]
    promise: float = 0.0

    @property
    def read_text(self) -> str:
        """What is encoded: the text behind its lead."""
        return f"{self.lead}: {self.text}" if self.lead else self.text


def cut_windows(passage: Passage, rank: int = 0) -> list[Window]:
    """All windows of a passage in reading order."""
    chunk = passage.chunk
    lead = " ".join((chunk.headings[-1] if chunk.headings else passage.document_name).split())[:LONGEST_LEAD]
    windows: list[Window] = []
    for group in _groups(split_units(chunk.text)):
        text = _text(chunk.text, group)
        windows.append(Window(rank, len(windows), lead, text, stems_of(text)))
    return windows


def choose_windows(
    terms: Sequence[str], passages: Sequence[Passage], most: int = MOST_WINDOWS
) -> list[Window]:
    """The windows that carry most of ``terms`` (stems), rare ones counting more, in reading order.

    Windows of passages that were retrieved with a lower score come behind others that carry as much.
    """
    read = passages[:MOST_PASSAGES]
    windows = [window for rank, passage in enumerate(read) for window in cut_windows(passage, rank)]
    weights = term_weights(terms, windows)
    behind = _behind(read)
    weighed = [replace(one, promise=_promise(one, weights, behind[one.rank])) for one in windows]
    ranked = sorted(weighed, key=lambda one: -one.promise)
    return sorted(ranked[:most], key=lambda one: (one.rank, one.position))


@lru_cache(maxsize=256)
def stems_of(text: str) -> frozenset[str]:
    """Stems of the words of a text, remembered: windows, passages and headings are looked at repeatedly."""
    return frozenset(stem(word) for word in set(WORD.findall(text.lower())))


def term_weights(terms: Sequence[str], windows: Sequence[Window]) -> dict[str, float]:
    """Inverse document frequency of each term, the windows taken as the documents."""
    frequency = Counter(term for window in windows for term in set(terms) & window.found)
    return {term: math.log(1 + (len(windows) + 0.5) / (frequency[term] + 0.5)) for term in terms}


def carried(weights: dict[str, float], found: frozenset[str]) -> float:
    """Share of the weights whose term, or a synonym of it, is among the stems ``found``."""
    total = sum(weights.values()) or 1.0
    return sum(weight * _degree(term, found) for term, weight in weights.items()) / total


def _degree(term: str, found: frozenset[str]) -> float:
    return 1.0 if term in found else ALIKE if synonyms(term) & found else 0.0


def _promise(window: Window, weights: dict[str, float], behind: float) -> float:
    lead = stems_of(window.lead)
    missing = {term: weight for term, weight in weights.items() if term not in window.found}
    total = sum(weights.values()) or 1.0
    of_lead = sum(weight for term, weight in missing.items() if term in lead) / total
    return carried(weights, window.found) + LEAD * of_lead - BEHIND * behind


def _behind(passages: Sequence[Passage]) -> list[float]:
    scores = [passage.score for passage in passages]
    best, least = max(scores, default=0.0), min(scores, default=0.0)
    if best == least:
        return [rank / max(1, len(scores)) for rank in range(len(scores))]
    return [(best - score) / (best - least) for score in scores]


def _groups(units: list[Unit]) -> list[list[Unit]]:
    """Neighbouring units joined while they fit; headers of tables go with their rows instead."""
    groups: list[list[Unit]] = []
    for unit in units:
        if unit.kind is UnitKind.TABLE_HEADER:
            continue
        last = groups[-1] if groups else None
        if last and unit.end - last[0].start <= LONGEST and unit.header == last[0].header:
            last.append(unit)
        else:
            groups.append([unit])
    return groups


def _text(text: str, group: list[Unit]) -> str:
    header = group[0].header
    columns = " ".join(text[slice(*header)].split())[: LONGEST // 2] + "\n" if header else ""
    return columns + text[group[0].start : group[-1].end][:LONGEST]
