"""The last evaluation of a collection, as JSON and as a page."""

import json

import httpx
import pytest

from muniment.evaluation.compare import compared
from muniment.evaluation.evaluator import reported
from muniment.evaluation.gate import gated
from muniment.evaluation.stored import report_to_json
from muniment.types import EvaluatedWith, EvaluationReport, LabelledQuestion, QuestionResult

QUALITY = "/v1/collections/handbook/quality"


def report_of(collection: str, questions: int = 2) -> EvaluationReport:
    results = [
        QuestionResult(
            LabelledQuestion(f"q{number}", "Is <b>this</b> & that\x07 so?", documents=("leave.pdf",)),
            answer="<script>alert(1)</script>",
            verdict="grounded",
            confidence=number / questions,
            values={"mrr": 0.5, "right_answers": float(number % 2)},
            timings={"search": 3.0, "answer": 5.0},
        )
        for number in range(questions)
    ]
    made = reported(results, EvaluatedWith(collection, "f"), created_at="2026-01-01T00:00:00.000Z")
    return gated(made, {"mrr": 0.9})


def sent(report: EvaluationReport) -> dict[str, object]:
    body: dict[str, object] = json.loads(report_to_json(report))
    return body


async def test_a_collection_that_was_never_evaluated_says_how_to(client: httpx.AsyncClient) -> None:
    response = await client.get(QUALITY)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_evaluated")
    assert "muniment evaluate handbook" in response.json()["error"]["hint"]


async def test_a_report_that_was_kept_is_given_as_it_was(client: httpx.AsyncClient) -> None:
    body = sent(report_of("handbook"))
    assert (await client.put(QUALITY, json=body)).json() == body
    response = await client.get(QUALITY)
    assert response.headers["content-type"] == "application/json"
    assert response.json() == body


@pytest.mark.parametrize(
    ("query", "accepted", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "text/html,application/xhtml+xml", "text/html; charset=utf-8"),
        ("?format=html", "*/*", "text/html; charset=utf-8"),
        ("?format=json", "text/html", "application/json"),
    ],
)
async def test_browsers_get_a_page(client: httpx.AsyncClient, query: str, accepted: str, kind: str) -> None:
    await client.put(QUALITY, json=sent(report_of("handbook")))
    response = await client.get(f"{QUALITY}{query}", headers={"Accept": accepted})
    assert response.headers["content-type"] == kind


async def test_what_documents_and_models_say_is_only_text_in_the_page(client: httpx.AsyncClient) -> None:
    await client.put(QUALITY, json=sent(report_of("handbook")))
    page = (await client.get(f"{QUALITY}?format=html")).text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Is &lt;b&gt;this&lt;/b&gt; &amp; that" in page
    assert "The gate is not met." in page


async def test_a_report_with_every_part_is_shown(client: httpx.AsyncClient) -> None:
    from dataclasses import replace

    report = report_of("handbook", 30)
    report = replace(report, comparison=compared(report_of("handbook", 40), report), notes=("Mind.",))
    await client.put(QUALITY, json=sent(report))
    page = (await client.get(f"{QUALITY}?format=html")).text
    for part in ("Compared with the earlier report", "Risk and coverage", "Time", "Mind.", "Questions"):
        assert part in page


@pytest.mark.parametrize(
    "change",
    [
        {"subject": {"collection": "sales", "fingerprint": ""}},
        {"gate": [{"metric": "luck", "wanted": 1, "value": None, "met": True}]},
    ],
)
async def test_a_report_that_cannot_be_of_this_collection_is_refused(
    client: httpx.AsyncClient, change: dict[str, object]
) -> None:
    response = await client.put(QUALITY, json=sent(report_of("handbook")) | change)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_report")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "a b"},
        {"metrics": [{"name": "mrr"}]},
        {"seconds": 1e300},
        {"created_at": "now"},
        {"results": 7},
    ],
)
async def test_what_is_no_report_is_refused(client: httpx.AsyncClient, change: dict[str, object]) -> None:
    response = await client.put(QUALITY, json=sent(report_of("handbook")) | change)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")


async def test_a_report_may_be_larger_than_other_bodies(client: httpx.AsyncClient) -> None:
    report = report_of("handbook", 1)
    [result] = report.results
    from dataclasses import replace

    large = replace(report, results=(replace(result, answer="so " * 300_000),))
    assert (await client.put(QUALITY, json=sent(large))).status_code == 200
    huge = replace(report, results=(replace(result, answer="so " * 900_000),))
    assert (await client.put(QUALITY, json=sent(huge))).status_code == 413
