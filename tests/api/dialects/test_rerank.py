"""Rerankers over HTTP: ranked texts in every shape, searches and answers in the reranker's order."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dialect_clients import HEADERS, Serve, told

from muniment.collections.services import Searched
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions
from muniment.providers.rerank_endpoint.wire import request_body, scores_in

sys.path.insert(0, str(Path(__file__).parents[2] / "unit"))
import chat_endpoint
from rerank_server import Fault, RerankServer

RERANK = "/v1/rerank"
QUESTION = "When do unused days expire?"
JUDGED = {
    "rerankers": {
        "judge": {"provider": "fake", "model": "BAAI/bge-reranker-v2-m3"},
        "contrary": {"provider": "fake", "reverse": True},
        "down": {"provider": "fake", "fails": True},
    }
}
DOCUMENTS = ["trains and flights", "the pump runs dry", "the pump"]
ASKED = {"model": "judge", "query": "pump runs dry", "documents": DOCUMENTS}


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(**JUDGED, default_reranker="contrary") as client:
        yield client


async def ranked(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await client.post(RERANK, json={**ASKED, **changes})
    assert response.status_code == 200, response.text
    return dict(response.json())


def places(reply: dict[str, Any]) -> list[int]:
    return [one["index"] for one in reply["results"]]


# -- texts that a client sends


async def test_texts_come_best_first_with_their_scores(client: httpx.AsyncClient) -> None:
    reply = await ranked(client)
    assert [(one["index"], one["document"]["text"]) for one in reply["results"]] == [
        (1, DOCUMENTS[1]),
        (2, DOCUMENTS[2]),
        (0, DOCUMENTS[0]),
    ]
    assert [one["relevance_score"] for one in reply["results"]] == pytest.approx([1, 1 / 3, 0])
    assert reply["model"] == "judge"
    assert reply["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"top_n": 1}, [1]),
        ({"top_n": 0}, [1, 2, 0]),
        ({"top_n": 99}, [1, 2, 0]),
        ({"documents": [{"text": "the pump"}, "the pump runs dry"]}, [1, 0]),
        ({"documents": ["same", "same"]}, [0, 1]),
        ({"model": "BAAI/bge-reranker-v2-m3"}, [1, 2, 0]),
        ({"model": "provider/judge"}, [1, 2, 0]),
        ({"model": "contrary"}, [0, 2, 1]),
        ({"model": None}, [0, 2, 1]),
        ({"model": "small"}, [1, 2, 0]),
        ({"truncate_prompt_tokens": -1, "rank_fields": ["text"]}, [1, 2, 0]),
    ],
)
async def test_requests_of_all_clients_are_understood(
    client: httpx.AsyncClient, changes: dict[str, Any], expected: list[int]
) -> None:
    assert places(await ranked(client, **changes)) == expected


async def test_texts_may_stay_where_they_are(client: httpx.AsyncClient) -> None:
    reply = await ranked(client, return_documents=False)
    assert [one["document"] for one in reply["results"]] == [None] * 3


async def test_this_server_may_be_the_reranker_of_another(client: httpx.AsyncClient) -> None:
    options = RerankEndpointOptions(base_url="http://muniment/v1", model="judge")
    response = await client.post(RERANK, json=request_body(options, ASKED["query"], DOCUMENTS))
    assert scores_in(options, response.content, 3) == pytest.approx([0, 1, 1 / 3])


@pytest.mark.parametrize("path", ["/v1/inference/rerank", "/v1alpha/inference/rerank"])
async def test_llama_stack_and_ogx_are_served_too(client: httpx.AsyncClient, path: str) -> None:
    items = [DOCUMENTS[0], {"type": "text", "text": DOCUMENTS[1]}]
    body = {"model": "judge", "query": {"type": "text", "text": ASKED["query"]}, "items": items}
    for headers in HEADERS.values():
        reply = (await client.post(path, json=body, headers=headers)).json()
        assert [one["index"] for one in reply["data"]] == [1, 0]
        assert [one["relevance_score"] for one in reply["data"]] == pytest.approx([1, 0])
    assert len((await client.post(path, json={**body, "max_num_results": 1})).json()["data"]) == 1


@pytest.mark.parametrize("dialect", HEADERS)
@pytest.mark.parametrize(
    ("changes", "statuses", "says"),
    [
        ({"model": "nope"}, (404, 400), "Unknown reranker 'nope'"),
        ({"model": "down"}, (503,), "was told to fail"),
        ({"documents": []}, (400,), "documents"),
        ({"query": ""}, (400,), "query"),
        ({"top_n": -1}, (400,), "top_n"),
        ({"documents": [{"image": "x"}]}, (400,), "documents"),
    ],
)
async def test_what_cannot_be_done_is_told_in_the_dialect(
    client: httpx.AsyncClient, dialect: str, changes: dict[str, Any], statuses: tuple[int, ...], says: str
) -> None:
    response = await client.post(RERANK, json={**ASKED, **changes}, headers=HEADERS[dialect])
    assert response.status_code in statuses, response.text
    assert says in told(response)


async def test_without_a_default_the_only_reranker_is_meant(serve: Serve) -> None:
    async with serve(rerankers={"only": {"provider": "fake"}}) as client:
        assert places(await ranked(client, model=None)) == [1, 2, 0]
    async with serve() as client:
        response = await client.post(RERANK, json={**ASKED, "model": None})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "model_required")


# -- models


async def test_rerankers_are_models_of_their_own_kind(client: httpx.AsyncClient) -> None:
    models = {
        one["id"]: one for one in (await client.get("/v1/models", headers=HEADERS["ogx"])).json()["data"]
    }
    judge = models["judge"]
    assert (judge["model_type"], judge["provider_resource_id"]) == ("rerank", "BAAI/bge-reranker-v2-m3")
    providers = {one["provider_id"] for one in (await client.get("/v1/providers")).json()["data"]}
    assert judge["provider_id"] in providers
    for name in ("judge", "BAAI/bge-reranker-v2-m3"):
        assert (await client.get(f"/v1/models/{name}")).json()["id"] == name


async def test_a_reranker_may_have_another_name(client: httpx.AsyncClient) -> None:
    body = {"model_id": "mine", "provider_model_id": "judge", "model_type": "rerank"}
    assert (await client.post("/v1/models", json=body)).json()["model_type"] == "rerank"
    assert places(await ranked(client, model="mine")) == [1, 2, 0]
    wrong = await client.post("/v1/models", json={**body, "model_id": "x", "provider_model_id": "small"})
    assert wrong.status_code == 404
    assert (await client.delete("/v1/models/judge")).status_code == 409


# -- searches


async def searched(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    body = {"collection": "docs", "query": QUESTION, "explain": True, **more}
    response = await client.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    return dict(response.json())


def names(reply: dict[str, Any]) -> list[str]:
    return [one["document_name"] for one in reply["passages"]]


async def test_a_search_is_in_the_rerankers_order_in_every_dialect(serve: Serve) -> None:
    async with serve(**JUDGED) as client:
        plain = await searched(client)
    assert names(plain) == ["leave.txt", "pumps.txt"]
    async with serve(**JUDGED, default_reranker="contrary") as client:
        turned = await searched(client)
        assert names(turned) == ["pumps.txt", "leave.txt"]
        stages = {stage["name"]: stage["rank"] for stage in turned["passages"][0]["explanation"]["stages"]}
        assert (stages["rerank(contrary)"], stages["first_stage"]) == (1, 2)
        assert "rerank" in turned["timings"]
        was = {one["document_name"]: one["relevance"] for one in plain["passages"]}
        assert {one["document_name"]: one["relevance"] for one in turned["passages"]} == pytest.approx(was)

        [store] = (await client.get("/v1/vector_stores")).json()["data"]
        path = f"/v1/vector_stores/{store['id']}/search"
        for query in (QUESTION, [QUESTION, "unused days"]):
            found = (await client.post(path, json={"query": query})).json()["data"]
            assert [one["filename"] for one in found] == ["pumps.txt", "leave.txt"]
            assert found[0]["score"] >= found[1]["score"]
        body = {"vector_db_id": store["id"], "query": QUESTION}
        chunks = (await client.post("/v1/vector-io/query", json=body)).json()["chunks"]
        assert [one["content"][:8] for one in chunks] == ["The cont", "Employee"]
        tool = {
            "tool_name": "knowledge_search",
            "kwargs": {"query": QUESTION, "vector_db_ids": [store["id"]]},
        }
        content = (await client.post("/v1/tool-runtime/invoke", json=tool)).json()["content"]
        assert json.dumps(content).index("E-417") < json.dumps(content).index("Employees")


async def test_an_answer_rests_on_the_same_order(serve: Serve) -> None:
    async with serve(**JUDGED, default_reranker="contrary", answers={"min_confidence": 0}) as client:
        answer = (await client.post("/v1/answers", json={"collection": "docs", "question": QUESTION})).json()
        assert [one["document_name"] for one in answer["looked_at"]] == ["pumps.txt", "leave.txt"]
        assert "rerank(contrary)" in answer["looked_at"][0]["scores"]
        assert "retrieve.rerank" in answer["timings"]


async def test_several_collections_are_judged_by_the_reranker_of_the_first(
    serve: Serve, tmp_path: Path
) -> None:
    one = {"sources": str(tmp_path / "docs"), "embedding_model": "small"}
    collections = {"docs": {**one, "reranker": "contrary"}, "more": {**one, "reranker": "down"}}
    async with serve(**JUDGED, collections=collections, answers={"min_confidence": 0}) as client:
        await client.post("/v1/collections/more/runs", json={})
        workspace = client._transport.app.state.opening.workspace  # type: ignore[attr-defined]
        for names, judge in ((("docs", "more"), "contrary"), (("more", "docs"), None)):
            events = [event async for event in workspace.answer_from(Searched(names), QUESTION)]
            answer = events[-1].answer
            found = [(passage.collection, passage.document_name) for passage in answer.looked_at]
            assert sorted(found) == [(c, d) for c in ("docs", "more") for d in ("leave.txt", "pumps.txt")]
            judged = [f"rerank({judge})" in passage.scores for passage in answer.looked_at]
            assert judged == [judge is not None] * 4
            assert ("could not judge" in " ".join(answer.notes)) == (judge is None)
            if judge:
                assert [name for _, name in found] == ["pumps.txt"] * 2 + ["leave.txt"] * 2


async def test_a_collection_may_name_its_own_reranker_or_none(serve: Serve, tmp_path: Path) -> None:
    docs = {"sources": str(tmp_path / "docs"), "embedding_model": "small"}
    for named, expected in (("contrary", ["pumps.txt", "leave.txt"]), ("none", ["leave.txt", "pumps.txt"])):
        async with serve(
            **JUDGED, default_reranker="down", collections={"docs": {**docs, "reranker": named}}
        ) as client:
            reply = await searched(client)
            assert (names(reply), reply["notes"]) == (expected, [])


async def test_while_it_is_down_everything_goes_on_and_says_so(serve: Serve) -> None:
    async with serve(**JUDGED, default_reranker="down", answers={"min_confidence": 0}) as client:
        reply = await searched(client)
        assert names(reply) == ["leave.txt", "pumps.txt"]
        assert ["reranker_unavailable" in note for note in reply["notes"]] == [True]
        stages = [stage["name"] for stage in reply["passages"][0]["explanation"]["stages"]]
        assert not [stage for stage in stages if stage.startswith("rerank")]

        [store] = (await client.get("/v1/vector_stores")).json()["data"]
        page = (await client.post(f"/v1/vector_stores/{store['id']}/search", json={"query": QUESTION})).json()
        assert "first stage" in page["muniment"]["notes"][0]
        answer = (await client.post("/v1/answers", json={"collection": "docs", "question": QUESTION})).json()
        assert [one["document_name"] for one in answer["looked_at"]] == ["leave.txt", "pumps.txt"]
        assert "first stage" in answer["notes"][0]

        ready = await client.get("/v1/ready")
        [check] = [one for one in ready.json()["checks"] if one["name"] == "reranker down"]
        assert (ready.status_code, check["ok"], check["needed"]) == (200, False, False)
        assert check["hint"]
        verified = await client.post("/v1/collections/docs/verify", json={"setup_only": True})
        [finding] = [one for one in verified.json()["checks"] if one["name"] == "reranker down"]
        assert (verified.json()["ok"], finding["ok"]) == (False, False)


@pytest.mark.parametrize("api", ["jina", "tei"])
async def test_a_server_with_a_reranker_is_asked_and_done_without_when_it_fails(
    serve: Serve, api: str
) -> None:
    with chat_endpoint.serve(RerankServer()) as server:
        url = server.url if api == "jina" else server.root
        far = {"provider": "endpoint", "base_url": url, "api": api, "retries": 0, "rest_s": 0}
        async with serve(rerankers={"far": far}, default_reranker="far") as client:
            reply = await searched(client, query="the controller shows code E-417")
            assert (names(reply)[0], reply["notes"]) == ("pumps.txt", [])
            assert reply["passages"][0]["scores"]["rerank(far)"] == 1.0
            [sent] = [body for _, body in server.asked if "E-417" in body["query"]]
            assert len(sent["documents" if api == "jina" else "texts"]) == 2

            server.faults, server.broken = [Fault(500)], True
            reply = await searched(client)
            assert len(names(reply)) == 2
            assert "answered 500: out of memory" in reply["notes"][0]
            assert (await client.get("/v1/ready")).status_code == 200
            server.faults, server.broken = [], False
            assert (await searched(client))["notes"] == []


async def test_a_store_made_over_the_api_is_reranked_by_default(client: httpx.AsyncClient) -> None:
    store = (await client.post("/v1/vector_stores", json={"name": "notes"})).json()
    chunks = [
        {"content": text, "metadata": {"document_id": name}, "chunk_id": name}
        for name, text in (("a", "unused days expire in March"), ("b", "the pump runs dry"))
    ]
    inserted = await client.post("/v1/vector-io/insert", json={"vector_db_id": store["id"], "chunks": chunks})
    assert inserted.status_code in (200, 204), inserted.text
    body = {"vector_db_id": store["id"], "query": "when do unused days expire"}
    found = (await client.post("/v1/vector-io/query", json=body)).json()["chunks"]
    assert [one["content"] for one in found] == ["the pump runs dry", "unused days expire in March"]
