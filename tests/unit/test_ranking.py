"""The in-memory ranking, against the plainest way to compute the same."""

import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.ranking import Attributes, Entry, Fusion, ResidentIndex, analyze, fuse, resident
from muniment.testing.vector_store import unit
from muniment.types import SearchMode, VectorQuery

NONE = Attributes("", (), {})
WORDS = ["tax", "taxes", "lion", "the", "ämter", "2024", "of", "paid"]

writes = st.lists(
    st.tuples(st.integers(1, 12), st.lists(st.sampled_from(WORDS), max_size=6), st.integers(0, 7)),
    max_size=40,
)


def entry(number: int, text: str, turn: int = 0) -> Entry:
    angle = turn / 8 * math.pi
    return Entry(number, NONE, analyze(text), unit(math.cos(angle), math.sin(angle)))


def bm25_of(texts: dict[int, str], question: str) -> dict[int, float]:
    terms = {number: analyze(text) for number, text in texts.items()}
    mean = sum(map(len, terms.values())) / max(1, len(terms)) or 1e-9
    scores: dict[int, float] = {}
    for number, own in terms.items():
        total = 0.0
        for term, weight in Counter(analyze(question)).items():
            frequency = sum(term in other for other in terms.values())
            count = own.count(term)
            idf = math.log((len(terms) - frequency + 0.5) / (frequency + 0.5) + 1)
            total += weight * idf * count * 2.5 / (count + 1.5 * (0.25 + 0.75 * len(own) / mean))
        if total:
            scores[number] = total
    return scores


@settings(deadline=None)
@given(writes, st.sets(st.integers(1, 12)), st.booleans(), st.booleans())
def test_whatever_is_written_replaced_and_deleted_ranks_as_if_made_at_once(
    rows: list[tuple[int, list[str], int]], gone: set[int], wear: bool, snapshot: bool
) -> None:
    index = ResidentIndex(2)
    texts: dict[int, str] = {}
    turns: dict[int, int] = {}
    with pytest.MonkeyPatch.context() as patch:
        if wear:
            patch.setattr(resident, "MIN_DEAD", 1)
        for number, words, turn in rows:
            index.upsert([entry(number, " ".join(words), turn)])
            texts[number], turns[number] = " ".join(words), turn
        index.delete(gone)
    if snapshot:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "index.npz"
            index.save(path, "stamp")
            assert ResidentIndex.load(path, "another") is None
            loaded = ResidentIndex.load(path, "stamp")
            assert loaded is not None
            index = loaded
            index.upsert([entry(99, "lion", 0)])
            texts[99], turns[99] = "lion", 0
    texts = {number: text for number, text in texts.items() if number not in gone}
    assert index.ids() == set(texts)
    found = index.search(VectorQuery(SearchMode.KEYWORD, 50, "taxes of the lion"), Fusion.RRF)
    expected = bm25_of(texts, "taxes of the lion")
    assert {one.id: one.score for one in found} == pytest.approx(expected)
    near = index.search(VectorQuery(SearchMode.VECTOR, 50, vector=unit(1, 0)), Fusion.RRF)
    assert {one.id: one.score for one in near} == pytest.approx(
        {number: math.cos(turns[number] / 8 * math.pi) for number in texts}, abs=1e-6
    )
    for hits in (found, near):
        assert hits == sorted(hits, key=lambda one: (-one.score, one.id))


@settings(deadline=None)
@given(writes, st.integers(1, 12), st.sampled_from(Fusion))
def test_a_smaller_limit_is_the_head_of_a_larger(
    rows: list[tuple[int, list[str], int]], limit: int, fusion: Fusion
) -> None:
    index = ResidentIndex(2)
    index.upsert(entry(number, " ".join(words), turn) for number, words, turn in rows)
    for mode in SearchMode:
        found, more = (
            index.search(VectorQuery(mode, n, "tax lion", unit(1, 0.5)), fusion) for n in (limit, 50)
        )
        assert [one.id for one in found] == [one.id for one in more[:limit]]


def test_reciprocal_ranks_add_up() -> None:
    fused = fuse(Fusion.RRF, np.array([0.9, 0.8, np.nan]), np.array([np.nan, 7.0, 9.0]))
    assert fused == pytest.approx([1 / 61, 1 / 62 + 1 / 62, 1 / 61])


def test_standardised_scores_weigh_alike_whatever_their_scale() -> None:
    cosine, bm25 = np.array([0.9, 0.5, 0.1]), np.array([3.0, 9.0, 6.0])
    fused = fuse(Fusion.ZSCORE, cosine, bm25)
    assert fused == pytest.approx(fuse(Fusion.ZSCORE, cosine / 10, bm25 * 100))
    assert fused.argmax() == 1


def test_what_a_stage_did_not_find_counts_as_its_worst() -> None:
    fused = fuse(Fusion.ZSCORE, np.array([0.9, 0.8, np.nan]), np.array([5.0, np.nan, np.nan]))
    assert fused[0] > fused[1] > fused[2] - 1e-12
    assert not np.isnan(fused).any()


def test_word_forms_meet_and_stop_words_go() -> None:
    assert analyze("The Employees' vacations") == analyze("employee vacation")
    assert analyze("to be or not") == ["to", "be", "or", "not"]
    assert analyze("ＡＢＣ") == analyze("abc")
    assert analyze("?! …") == []
