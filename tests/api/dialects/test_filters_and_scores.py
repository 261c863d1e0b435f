"""Search modes, filters, thresholds and explanations mean the same in every dialect."""

from typing import Any

import httpx
import pytest
from dialect_clients import HEADERS

CHUNKS: list[dict[str, Any]] = [
    {"content": "Pump valve one.", "chunk_id": "1", "metadata": {"team": "hr", "year": 2023, "draft": True}},
    {"content": "Pump valve two.", "chunk_id": "2", "metadata": {"team": "legal", "year": 2024}},
    {"content": "Pump valve three.", "chunk_id": "3", "metadata": {"team": "home", "year": 2025}},
]


def where(operator: str, key: str, value: object) -> dict[str, Any]:
    return {"type": operator, "key": key, "value": value}


def every(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "and", "filters": list(filters)}


HR = where("eq", "team", "hr")
GIVEN = where("gt", "year", 0)
"""The declared documents have no year, and pass what a missing key passes."""
FILTERS: list[tuple[dict[str, Any], str]] = [
    (HR, "1"),
    (where("eq", "draft", True), "1"),
    ({"team": "legal"}, "2"),
    ({"team": ["hr", "home"], "year": [2024, 2025]}, "3"),
    ({"type": "or", "filters": [{"year": 2023}, {"team": "home", "year": 2025}]}, "13"),
    (every(where("ne", "team", "hr"), GIVEN), "23"),
    (where("gt", "year", 2024), "3"),
    (where("gte", "year", 2024), "23"),
    (where("lt", "year", 2024), "1"),
    (where("lte", "year", 2024), "12"),
    (where("in", "team", ["hr", "legal"]), "12"),
    (every(where("nin", "team", ["hr", "legal"]), GIVEN), "3"),
    (where("contains", "team", "om"), "3"),
    (where("prefix", "team", "h"), "13"),
    (every({"type": "not", "filter": HR}, GIVEN), "23"),
    ({"type": "or", "filters": [HR, every(where("gt", "year", 2023), where("lt", "year", 2025))]}, "12"),
]
TEXTS = {chunk["content"]: chunk["chunk_id"] for chunk in CHUNKS}


class Searcher:
    """One question asked in one dialect's way."""

    def __init__(self, client: httpx.AsyncClient, way: str) -> None:
        self.client = client
        self.way = way

    async def found(
        self, filter: dict[str, Any] | None = None, mode: str = "hybrid", threshold: float | None = None
    ) -> list[tuple[str, float]]:
        """Texts and scores."""
        question = "pump valve"
        if self.way == "native":
            body = {"query": question, "mode": mode, "filter": filter, "score_threshold": threshold}
            passages = (await self.posted("/v1/search", body))["passages"]
            return [(one["text"], one["relevance"]) for one in passages]
        if self.way == "openai":
            options = {"score_threshold": threshold}
            body = {"query": question, "search_mode": mode, "filters": filter, "ranking_options": options}
            data = (await self.posted("/v1/vector_stores/docs/search", body))["data"]
            return [(one["content"][0]["text"], one["score"]) for one in data]
        key = "vector_store_id" if self.way.startswith("ogx") else "vector_db_id"
        if self.way.endswith("rag"):
            config = {"filters": filter, "mode": mode, "score_threshold": threshold, "max_chunks": 10}
            body = {"content": question, f"{key}s": ["docs"], "query_config": config}
            metadata = (await self.posted("/v1/tool-runtime/rag-tool/query", body))["metadata"]
            return list(zip(metadata["chunks"], metadata["scores"], strict=True))
        params = {"filters": filter, "mode": mode, "score_threshold": threshold, "k": 10}
        body = {key: "docs", "query": question, "params": params}
        answer = await self.posted("/v1/vector-io/query", body)
        return [(c["content"], s) for c, s in zip(answer["chunks"], answer["scores"], strict=True)]

    async def posted(self, path: str, body: dict[str, Any]) -> Any:
        response = await self.client.post(path, json=body, headers=HEADERS.get(self.way.split()[0]))
        assert response.status_code == 200, (self.way, body, response.text)
        return response.json()


WAYS = ["native", "openai", "0.2.12", "0.2.22", "0.3.5", "ogx", "0.2.22 rag"]


@pytest.fixture
async def filled(checked: httpx.AsyncClient) -> httpx.AsyncClient:
    body = {"vector_db_id": "docs", "chunks": CHUNKS}
    assert (await checked.post("/v1/vector-io/insert", json=body, headers=HEADERS["0.2.22"])).is_success
    return checked


@pytest.mark.parametrize("way", WAYS)
async def test_every_filter_selects_the_same_in_every_mode(filled: httpx.AsyncClient, way: str) -> None:
    searcher = Searcher(filled, way)
    for filter, expected in FILTERS:
        for mode in ("vector", "keyword", "hybrid"):
            found = await searcher.found(filter, mode)
            assert "".join(sorted(TEXTS[text] for text, _ in found)) == expected, (filter, mode)


@pytest.mark.parametrize("mode", ["vector", "keyword", "hybrid"])
async def test_a_passage_is_as_relevant_in_every_dialect(filled: httpx.AsyncClient, mode: str) -> None:
    given = {way: await Searcher(filled, way).found(mode=mode) for way in WAYS}
    assert all(0.0 < score < 1.0 for found in given.values() for _, score in found)
    first = {way: (found[0][0], pytest.approx(found[0][1], abs=1e-6)) for way, found in given.items()}
    assert all(one == first["native"] for one in [(f[0][0], f[0][1]) for f in given.values()])


@pytest.mark.parametrize("way", WAYS)
async def test_a_threshold_leaves_out_what_is_less_relevant(filled: httpx.AsyncClient, way: str) -> None:
    searcher = Searcher(filled, way)
    everything = await searcher.found()
    scores = sorted(score for _, score in everything)
    middle = (scores[0] + scores[-1]) / 2
    kept = await searcher.found(threshold=middle)
    assert {text for text, _ in kept} == {text for text, score in everything if score >= middle}
    assert 0 < len(kept) < len(everything)


async def test_an_explanation_adds_up_in_every_dialect_that_gives_one(filled: httpx.AsyncClient) -> None:
    native = (await filled.post("/v1/search", json={"query": "pump valve", "explain": True})).json()
    told = native["passages"][0]["explanation"]
    assert {"cosine", "bm25"} <= {stage["name"] for stage in told["stages"]}
    assert told["relevance"] == native["passages"][0]["relevance"]
    assert told["signals"].keys() == told["contributions"].keys()
    openai = await filled.post("/v1/vector_stores/docs/search", json={"query": "pump valve", "explain": True})
    assert openai.json()["data"][0]["muniment"]["explanation"] == told
    body = {"vector_db_id": "docs", "query": "pump valve", "params": {"explain": True, "mode": "hybrid"}}
    stack = await filled.post("/v1/vector-io/query", json=body, headers=HEADERS["0.2.22"])
    assert stack.json()["chunks"][0]["metadata"]["muniment_explanation"] == told


async def test_nothing_is_explained_that_was_not_asked_for(filled: httpx.AsyncClient) -> None:
    native = (await filled.post("/v1/search", json={"query": "pump valve"})).json()
    assert native["passages"][0]["explanation"] is None
    body = {"vector_db_id": "docs", "query": "pump valve"}
    stack = await filled.post("/v1/vector-io/query", json=body, headers=HEADERS["0.2.22"])
    assert "muniment_explanation" not in stack.json()["chunks"][0]["metadata"]


@pytest.mark.parametrize("threshold", [-0.1, 1.5, "much"])
async def test_an_impossible_threshold_is_refused(checked: httpx.AsyncClient, threshold: object) -> None:
    body = {"query": "pump", "score_threshold": threshold}
    assert (await checked.post("/v1/search", json=body)).status_code == 422
    body = {"query": "pump", "ranking_options": {"score_threshold": threshold}}
    refused = await checked.post("/v1/vector_stores/docs/search", json=body)
    assert refused.status_code == 400, refused.text
    assert "ranking_options.score_threshold" in refused.json()["error"]["message"]
    tool = {"type": "file_search", "vector_store_ids": ["docs"], **body}
    asked = {"model": "extractive", "input": "pump", "tools": [tool]}
    assert (await checked.post("/v1/responses", json=asked)).status_code == 400


async def test_the_ends_of_the_range_are_thresholds(filled: httpx.AsyncClient) -> None:
    searcher = Searcher(filled, "openai")
    assert len(await searcher.found(threshold=0)) == len(await searcher.found())
    assert await searcher.found(threshold=1) == []
