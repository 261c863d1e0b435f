"""The in-memory ranking, against the plainest way to compute the same."""

import math
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.ranking import (
    Attributes,
    Entry,
    Fusion,
    Ranked,
    ResidentIndex,
    analyze,
    fuse,
    resident,
    terms_of,
)
from muniment.ranking.fusion import Scores, weights
from muniment.ranking.sentences import to_8_bits
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
    return Entry(number, NONE, terms_of(text, "", ()), unit(math.cos(angle), math.sin(angle)))


def both(cosine: Scores, bm25: Scores) -> dict[str, Scores]:
    return {"cosine": cosine, "bm25": bm25}


def hybrid(index: ResidentIndex, question: str, fusion: Fusion = Fusion.WEIGHTED) -> list[Ranked]:
    return index.search(VectorQuery(SearchMode.HYBRID, 10, question, unit(1, 0)), fusion)


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
    fused = fuse(Fusion.RRF, both(np.array([0.9, 0.8, np.nan]), np.array([np.nan, 7.0, 9.0])))
    assert fused == pytest.approx([1 / 61, 1 / 62 + 1 / 62, 1 / 61])


def test_standardised_scores_weigh_alike_whatever_their_scale() -> None:
    cosine, bm25 = np.array([0.9, 0.5, 0.1]), np.array([3.0, 9.0, 6.0])
    fused = fuse(Fusion.ZSCORE, both(cosine, bm25))
    assert fused == pytest.approx(fuse(Fusion.ZSCORE, both(cosine / 10, bm25 * 100)))
    assert fused.argmax() == 1


def test_what_a_stage_did_not_find_counts_as_its_worst() -> None:
    fused = fuse(Fusion.ZSCORE, both(np.array([0.9, 0.8, np.nan]), np.array([5.0, np.nan, np.nan])))
    assert fused[0] > fused[1] > fused[2] - 1e-12
    assert not np.isnan(fused).any()


def test_word_forms_meet_and_stop_words_go() -> None:
    assert analyze("The Employees' vacations") == analyze("employee vacation")
    assert analyze("to be or not") == ["to", "be", "or", "not"]
    assert analyze("ＡＢＣ") == analyze("abc")
    assert analyze("?! …") == []


def test_a_term_counts_most_in_the_own_heading_and_least_further_up() -> None:
    index = ResidentIndex(2)
    places = {
        1: ("the chapter on lions", "Book\nAnimals", ("Animals", "Tax")),
        2: ("the tax chapter on lions", "Book\nAnimals", ("Animals", "Lions")),
        3: ("the chapter on lions", "Book\nTax\nLions", ("Tax", "Lions")),
        4: ("the chapter on lions", "Book\nAnimals", ("Animals", "Lions")),
    }
    for number, (text, context, headings) in places.items():
        index.upsert([Entry(number, NONE, terms_of(text, context, headings), unit(1, 0))])
    found = index.search(VectorQuery(SearchMode.KEYWORD, 10, "tax"), Fusion.RRF)
    assert [one.id for one in found] == [1, 2, 3]


def test_words_that_stand_together_as_in_the_question_raise_a_passage() -> None:
    index = ResidentIndex(2)
    index.upsert([entry(1, "model serving of a large platform"), entry(2, "platform serving a large model")])
    found = hybrid(index, "large model serving platform")
    assert found[0].scores["phrase"] == pytest.approx(0.25, abs=0.01)
    assert {one.id: one.scores["phrase"] > 0 for one in found} == {1: True, 2: True}
    [alone] = [one for one in hybrid(index, "large platform") if one.scores["phrase"] > 0]
    assert alone.id == 1


def test_the_nearest_sentence_raises_a_passage_and_survives_a_snapshot(tmp_path: Path) -> None:
    index = ResidentIndex(2)
    far, near = to_8_bits(np.array([unit(0, 1), unit(-1, 0)])), to_8_bits(np.array([unit(0, 1), unit(3, 1)]))
    for number, sentences in ((1, far), (2, near), (3, None)):
        given = entry(number, "lion", 2)
        index.upsert([Entry(number, NONE, given.terms, given.vector, sentences)])
    index.save(tmp_path / "index.npz", "stamp")
    for each in (index, ResidentIndex.load(tmp_path / "index.npz", "stamp")):
        assert each is not None
        found = hybrid(each, "lion")
        assert found[0].id == 2
        scores = {one.id: one.scores["sentence"] for one in found}
        assert scores == pytest.approx({1: 0.0, 2: 3 / math.sqrt(10), 3: math.cos(math.pi / 4)}, abs=0.01)


def test_rows_without_sentences_are_ranked_by_the_other_signals() -> None:
    index = ResidentIndex(2)
    index.upsert([entry(1, "lion tax", 1), entry(2, "tax", 3)])
    found = hybrid(index, "lion tax")
    assert [one.id for one in found] == [1, 2]
    assert not any("sentence" in one.scores for one in found)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=2, max_size=9))
def test_a_row_that_is_better_in_every_signal_is_never_ranked_below(rows: list[list[float]]) -> None:
    columns = np.array(rows, np.float64).T
    fused = fuse(Fusion.WEIGHTED, dict(zip(("cosine", "bm25", "phrase", "sentence"), columns, strict=True)))
    for one in range(len(rows)):
        for other in range(len(rows)):
            if all(a >= b for a, b in zip(rows[one], rows[other], strict=True)):
                assert fused[one] >= fused[other] - 1e-9


def test_every_weight_is_positive() -> None:
    assert min(weights().values()) > 0
