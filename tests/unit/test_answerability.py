"""Whether the documents answer: the probability, what is said to be missing, and the fitted threshold."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.answerability import Answerability, Labelled, calibrate, recalibrated
from muniment.answerability.model import load_model
from muniment.answerability.reader import closeness, matches
from muniment.answerability.signals import NAMES, lacking, signals
from muniment.answerability.windows import LONGEST, choose_windows, cut_windows
from muniment.errors import InputError
from muniment.protocols import TokenStates
from muniment.providers.extractive.question import read_question
from muniment.settings.model import AnswersSettings
from muniment.types import Chunk, Passage, Span

HANDBOOK = (
    "Employees receive 28 days of paid leave a year. Leave is requested two weeks ahead. "
    "Unused leave expires on 31 March of the following year."
)


def passage(text: str, cosine: float | None = None, name: str = "Handbook") -> Passage:
    chunk = Chunk(0, text, name, (name,), (Span(0, len(text)),), 0)
    return Passage(1, "d1", name, chunk, 1.0, {} if cosine is None else {"cosine": cosine})


def confidence(question: str, *passages: Passage) -> float:
    return asyncio.run(Answerability().assess(question, passages)).confidence


def lacks(question: str, *passages: Passage) -> str:
    return " ".join(asyncio.run(Answerability().assess(question, passages)).lacks)


def test_what_the_passages_say_is_more_probable_than_what_they_do_not():
    answered = confidence("How many days of paid leave do employees receive?", passage(HANDBOOK))
    assert answered > confidence("How many parking places does the Lyon plant have?", passage(HANDBOOK))


def test_nothing_found_answers_nothing():
    assert confidence("How many days of leave?") == 0.0


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.lists(st.text(max_size=300), max_size=4))
def test_any_text_gets_a_probability(question: str, texts: list[str]):
    assert 0.0 <= confidence(question, *(passage(text, 0.3) for text in texts)) <= 1.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_nearer_sentence_never_makes_an_answer_less_probable(cosine: float, one: float, other: float):
    asked, model = read_question("How many days of paid leave do employees receive?"), load_model().vectors
    less, more = (
        replace(passage(HANDBOOK, cosine), scores={"cosine": cosine, "sentence": nearest})
        for nearest in sorted((one, other))
    )
    windows = choose_windows(asked.terms, [less])
    missing = lacking(asked, [less], windows)
    far, near = (
        model.log_odds(signals(asked, [found], windows, {0: cosine}, missing)) for found in (less, more)
    )
    assert far <= near + 1e-4


def test_the_packaged_weights_weigh_every_signal():
    model = load_model()
    of_closeness = len(closeness(states(3, 1), [states(4, 2)]))
    assert len(model.words.coefficients) == len(model.vectors.coefficients) == len(NAMES)
    assert len(model.all.coefficients) == len(model.all.centre) == len(NAMES) + of_closeness + 1


def test_without_vectors_no_cosine_is_weighed():
    of_vectors = NAMES.index("words in the best window")
    assert not load_model().words.coefficients[:of_vectors].any()


def test_the_default_threshold_is_the_one_that_the_training_found():
    training = Path(__file__).resolve().parents[2] / "benchmarks" / "abstention" / "training.json"
    found = json.loads(training.read_text("utf-8"))["thresholds"]
    assert AnswersSettings().min_confidence == found["default"] <= min(found["of sets"].values())
    assert all(refused["answerable"] <= 0.025 for refused in found["refused"].values())


def test_a_name_that_no_passage_holds_is_named():
    assert "“Lyon”" in lacks("How many days of leave are there in Lyon?", passage(HANDBOOK))


def test_a_missing_date_is_named():
    text = "The canteen serves lunch. Leave is requested with the form."
    assert "a date" in lacks("When is leave requested?", passage(text))


def test_what_is_there_is_not_missing():
    assert lacks("How many days of paid leave do employees receive?", passage(HANDBOOK)) == ""


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=3000))
def test_windows_are_short_and_made_of_the_text(text: str):
    for window in cut_windows(passage(text)):
        assert len(window.text) <= LONGEST + LONGEST // 2 + 1


def test_the_window_with_the_asked_words_is_read():
    filler = " ".join(f"Sentence {n} speaks of other matters, and at length." for n in range(40))
    chosen = choose_windows(["unus", "leav", "expir"], [passage(filler), passage(HANDBOOK)])
    assert any("Unused leave expires" in window.text for window in chosen)


def states(tokens: int, seed: int) -> TokenStates:
    random = np.random.default_rng(seed)
    layers = random.normal(size=(4, tokens, 384)).astype(np.float32)
    return TokenStates(random.integers(0, 30000, tokens), layers, layers[0].mean(0))


@given(st.integers(1, 20), st.lists(st.integers(1, 30), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_the_reader_reads_texts_of_every_length(asked: int, lengths: list[int]):
    windows = [states(length, n) for n, length in enumerate(lengths)]
    assert -3 <= load_model().reader.read(states(asked, 99), windows) <= 3


def test_a_text_matches_itself_wholly():
    text = states(7, 1)
    of_question, of_windows = matches(text, [states(5, 2), text])
    assert of_question[:, :4] == pytest.approx(1.0, abs=1e-5)
    assert of_windows.shape == (12, 8)
    assert closeness(text, [text])[[0, 3, 4]] == pytest.approx(1.0, abs=1e-5)


def test_the_threshold_refuses_no_more_than_allowed():
    rows = [Labelled(n / 100, True) for n in range(20, 100)] + [Labelled(n / 100, False) for n in range(40)]
    fitted = calibrate(rows, refused_at_most=0.05)
    assert fitted.refused_answerable <= 0.05
    assert fitted.refused_unanswerable >= 0.5
    assert fitted.roc_auc > 0.9


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=10, max_size=60),
    st.lists(st.floats(0, 1), min_size=10, max_size=60),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_allowing_more_refusals_never_lowers_the_threshold(yes, no, one, other):
    rows = [Labelled(p, True) for p in yes] + [Labelled(p, False) for p in no]
    few, many = (calibrate(rows, refused_at_most=share) for share in sorted((one, other)))
    assert few.abstain_below <= many.abstain_below
    assert few.refused_answerable <= min(one, other) + 1e-9


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 5), st.floats(-3, 3))
def test_recalibration_keeps_the_order(one: float, other: float, slope: float, intercept: float):
    low, high = sorted((one, other))
    assert recalibrated(low, slope, intercept) <= recalibrated(high, slope, intercept) + 1e-12


def test_too_few_labels_are_refused():
    with pytest.raises(InputError) as refused:
        calibrate([Labelled(0.5, True)] * 50)
    assert refused.value.code == "too_few_labels"


def test_the_chosen_windows_say_what_they_promise():
    filler = " ".join(f"Sentence {n} speaks of other matters, and at length." for n in range(40))
    chosen = choose_windows(["unus", "leav", "expir"], [passage(filler), passage(HANDBOOK)])
    assert "Unused leave expires" in max(chosen, key=lambda window: window.promise).text
