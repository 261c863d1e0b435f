"""Every route of Llama Stack and OGX exists: it works, or says with 501 what to use instead."""

import csv
import json
from pathlib import Path

import httpx
import pytest
from dialect_clients import HEADERS, Serve, told

MATRIX = Path(__file__).parents[2] / "fixtures" / "route-matrix.tsv"
VERSIONS = {"0.2.12": "0.2.12", "0.2.22": "0.2.22", "0.3.5": "0.3.5", "ogx": "1.5.0"}


def matrix() -> list[tuple[str, str]]:
    with MATRIX.open() as lines:
        rows = [(row["method"], row["path"]) for row in csv.DictReader(lines, delimiter="\t")]
    assert len(rows) > 200
    return rows


async def test_every_route_of_the_peers_exists(checked: httpx.AsyncClient) -> None:
    missing = []
    for method, path in matrix():
        response = await checked.request(method, path.replace("{", "").replace("}", ""), json={})
        if response.status_code == 405 or "no route" in response.text:
            missing.append(f"{method} {path}")
        if response.status_code == 501:
            assert len(told(response).split(". ")) > 1, path
        assert response.status_code != 500, response.text
    assert missing == []


@pytest.mark.parametrize("dialect", HEADERS)
async def test_who_the_server_is(checked: httpx.AsyncClient, dialect: str) -> None:
    headers = HEADERS[dialect]
    assert (await checked.get("/v1/health", headers=headers)).json()["status"] == "OK"
    assert (await checked.get("/v1/version", headers=headers)).json() == {"version": VERSIONS[dialect]}
    providers = (await checked.get("/v1/providers", headers=headers)).json()["data"]
    assert {"vector_io", "inference", "tool_runtime"} <= {one["api"] for one in providers}
    assert all(one["config"] == {} for one in providers)
    store = next(one["provider_id"] for one in providers if one["api"] == "vector_io")
    found = (await checked.get(f"/v1/providers/{store}", headers=headers)).json()
    assert (found["api"], found["health"]["status"]) == ("vector_io", "OK")
    unknown = await checked.get("/v1/providers/nope", headers=headers)
    assert unknown.status_code == 400
    assert "nope" in told(unknown)
    routes = (await checked.get("/v1/inspect/routes", headers=headers)).json()["data"]
    assert {"route": "/v1/vector-io/query", "method": "POST", "provider_types": []} in routes
    alpha = await checked.get("/v1/inspect/routes", params={"api_filter": "v1alpha"}, headers=headers)
    assert {one["route"].split("/")[1] for one in alpha.json()["data"]} == {"v1alpha"}
    old = await checked.get("/v1/inspect/routes", params={"api_filter": "deprecated"}, headers=headers)
    assert {one["route"] for one in old.json()["data"]} >= {"/v1/openai/v1/files"}
    assert not {one["route"] for one in old.json()["data"]} & {one["route"] for one in routes}


async def test_models_name_a_provider_that_is_listed(checked: httpx.AsyncClient) -> None:
    listed = {one["provider_id"] for one in (await checked.get("/v1/providers")).json()["data"]}
    assert {one["provider_id"] for one in (await checked.get("/v1/models")).json()["data"]} <= listed


@pytest.mark.parametrize("provider", ["faiss", "sqlite-vec"])
async def test_a_vector_store_may_be_asked_for_by_the_name_of_a_peers(
    checked: httpx.AsyncClient, provider: str
) -> None:
    shown = (await checked.get(f"/v1/providers/{provider}")).json()
    assert shown["api"] == "vector_io"
    made = await checked.post("/v1/vector_stores", json={"name": "x", "provider_id": provider})
    assert made.status_code == 200, made.text
    old = {"vector_db_id": f"in-{provider}", "provider_id": provider, "embedding_model": "small"}
    made = await checked.post("/v1/vector-dbs", json=old, headers=HEADERS["0.2.12"])
    assert made.json()["provider_id"] == provider, made.text


async def test_a_providers_name_may_have_a_slash(serve: Serve) -> None:
    settings = {"generators": {"vllm/smollm2": {"provider": "fake"}}}
    async with serve(**settings) as client:
        assert (await client.get("/v1/providers/vllm%2Fsmollm2")).json()["provider_id"] == "vllm/smollm2"


async def test_the_administration_of_ogx(checked: httpx.AsyncClient) -> None:
    headers = HEADERS["ogx"]
    place = "/v1alpha/admin"
    assert (await checked.get(f"{place}/health", headers=headers)).json() == {"status": "OK"}
    assert (await checked.get(f"{place}/version", headers=headers)).json() == {"version": "1.5.0"}
    for name in ("inspect/routes", "providers", "providers/fake"):
        own = (await checked.get(f"{place}/{name}", headers=headers)).json()
        assert own == (await checked.get(f"/v1/{name}", headers=headers)).json()
    assert (await checked.get(f"{place}/connectors", headers=headers)).json() == {"data": []}
    assert (await checked.get(f"{place}/connectors/x", headers=headers)).status_code == 404
    assert (await checked.get("/v1alpha/skills", headers=headers)).json()["data"] == []
    assert (await checked.get("/v1/batches", headers=headers)).json()["data"] == []
    tools = (await checked.get("/v1/admin/tools", headers=headers)).json()["data"]
    assert [tool["name"] for tool in tools] == ["insert_into_memory", "knowledge_search"]
    refused = await checked.post("/v1/messages", json={}, headers=headers)
    assert refused.status_code == 501
    assert "/v1/chat/completions" in told(refused)


async def test_what_clients_register_is_kept_over_a_restart(serve: Serve) -> None:
    mcp = {"toolgroup_id": "mcp::x", "provider_id": "model-context-protocol"}
    rows = {"type": "rows", "rows": [{"q": 1}, {"q": 2}]}
    registered = {
        "/v1/shields": {"shield_id": "meta-llama/guard", "provider_id": "llama-guard"},
        "/v1/toolgroups": {**mcp, "mcp_endpoint": {"uri": "http://127.0.0.1:9/sse"}},
        "/v1/scoring-functions": {
            "scoring_fn_id": "own",
            "description": "x",
            "return_type": {"type": "number"},
        },
        "/v1beta/datasets": {"dataset_id": "rows", "purpose": "eval/question-answer", "source": rows},
        "/v1alpha/eval/benchmarks": {"benchmark_id": "b", "dataset_id": "rows", "scoring_functions": ["own"]},
    }
    async with serve(headers=HEADERS["0.3.5"]) as client:
        for place, body in registered.items():
            assert (await client.post(place, json=body)).is_success, place
        await client.post("/v1/datasetio/append-rows/rows", json={"rows": [{"q": 3}]})
        again = await client.post("/v1/datasets", json=registered["/v1beta/datasets"])
        assert again.status_code == 409
    async with serve(headers=HEADERS["0.2.22"]) as client:
        for place, body in registered.items():
            place = place.replace("v1beta", "v1").replace("v1alpha", "v1")
            identifier = next(value for key, value in body.items() if key.endswith("_id"))
            one = (await client.get(f"{place}/{identifier}")).json()
            assert one["identifier"] == identifier
            assert one in (await client.get(place)).json()["data"]
            if "datasets" not in place:
                assert (await client.delete(f"{place}/{identifier}")).json() is None
                assert (await client.get(f"{place}/{identifier}")).status_code in (400, 404)
                assert (await client.delete(f"{place}/{identifier}")).status_code in (400, 404)
        page = {"start_index": 1, "limit": 1}
        found = (await client.get("/v1beta/datasetio/iterrows/rows", params=page)).json()
        assert (found["data"], found["has_more"]) == ([{"q": 2}], True)
        assert len((await client.get("/v1/datasetio/iterrows/rows")).json()["data"]) == 3
        await client.delete("/v1/datasets/rows")
        assert (await client.get("/v1/datasetio/iterrows/rows")).status_code == 404


async def test_answers_are_scored_without_a_model(checked: httpx.AsyncClient) -> None:
    rows = [
        {"input_query": "q", "generated_answer": "36 months", "expected_answer": "36 months"},
        {"input_query": "q", "generated_answer": "It is 36 months.", "expected_answer": "36 months"},
    ]
    wanted = {"aggregation_functions": ["accuracy", "average", "median", "categorical_count"]}
    body = {"input_rows": rows, "scoring_functions": {"basic::equality": None, "basic::subset_of": wanted}}
    results = (await checked.post("/v1/scoring/score", json=body)).json()["results"]
    assert results["basic::equality"] == {
        "score_rows": [{"score": 1.0}, {"score": 0.0}],
        "aggregated_results": {"accuracy": {"accuracy": 0.5, "num_correct": 1.0, "num_total": 2}},
    }
    assert results["basic::subset_of"]["aggregated_results"]["average"] == 1.0
    assert results["basic::subset_of"]["aggregated_results"]["categorical_count"] == {"1.0": 2}
    nothing = {**body, "input_rows": []}
    assert (await checked.post("/v1/scoring/score", json=nothing)).is_success


async def test_what_is_built_in_stays(checked: httpx.AsyncClient) -> None:
    for place in ("/v1/toolgroups/builtin::rag", "/v1/scoring-functions/basic::equality"):
        assert (await checked.delete(place)).status_code == 409
        assert (await checked.get(place)).is_success
    group = {"toolgroup_id": "builtin::rag", "provider_id": "rag-runtime"}
    assert (await checked.post("/v1/toolgroups", json=group)).json()["identifier"] == "builtin::rag"
    assert len((await checked.get("/v1/toolgroups")).json()["data"]) == 1


SHIELD = {"shield_id": "lg", "messages": []}
BAD = [
    ("/v1/shields", {}, 400, "shield_id"),
    ("/v1/shields", {"shield_id": "x", "params": {"a": "\ud800"}}, 400, "surrogate"),
    ("/v1/safety/run-shield", {"shield_id": "nope", "messages": []}, 400, "nope"),
    ("/v1/safety/run-shield", {"shield_id": "lg"}, 400, "messages"),
    ("/v1/safety/run-shield", SHIELD, 501, "no safety provider"),
    ("/v1/toolgroups", {"toolgroup_id": "x", "provider_id": "nope"}, 400, "rag-runtime"),
    ("/v1/toolgroups", {"toolgroup_id": "x", "provider_id": "model-context-protocol"}, 400, "mcp_endpoint"),
    ("/v1/toolgroups", {"toolgroup_id": "x"}, 400, "provider_id"),
    ("/v1/scoring-functions", {"scoring_fn_id": "x"}, 400, "description"),
    (
        "/v1/scoring-functions",
        {"scoring_fn_id": "basic::equality", "description": "x", "return_type": {}},
        409,
        "built in",
    ),
    ("/v1/scoring/score", {"input_rows": [], "scoring_functions": {"nope": None}}, 404, "basic::equality"),
    ("/v1/scoring/score", {"input_rows": [{}], "scoring_functions": {}}, 400, "expected_answer"),
    (
        "/v1/scoring/score",
        {"input_rows": [], "scoring_functions": {"basic::equality": {"aggregation_functions": ["mode"]}}},
        400,
        "accuracy",
    ),
    ("/v1/scoring/score-batch", {}, 501, "/v1/scoring/score"),
    ("/v1/datasets", {"purpose": "eval/question-answer"}, 400, "source"),
    ("/v1/datasets", {"purpose": "x", "source": {"type": "rows", "rows": []}}, 400, "purpose"),
    ("/v1/datasetio/append-rows/nope", {"rows": []}, 404, "nope"),
    ("/v1/eval/benchmarks", {"benchmark_id": "x"}, 400, "dataset_id"),
    ("/v1/eval/benchmarks/b/jobs", {}, 501, "not offered"),
    ("/v1/batches", {}, 400, "input_file_id"),
    ("/v1/telemetry/events", {}, 501, "log"),
]


async def test_bad_input_is_refused_with_the_reason(checked: httpx.AsyncClient) -> None:
    headers = {**HEADERS["0.2.22"], "Content-Type": "application/json"}
    await checked.post("/v1/shields", json={"shield_id": "lg"}, headers=headers)
    for place, body, status, says in BAD:
        response = await checked.post(place, content=json.dumps(body), headers=headers)
        assert response.status_code == status, (place, body, response.text)
        assert says in told(response), (place, body)
        assert (await checked.post(place, content="{", headers=headers)).status_code in (400, 501)
    for place in (
        "/v1/tools/nope",
        "/v1/tools?toolgroup_id=nope",
        "/v1/tool-runtime/list-tools?tool_group_id=x",
    ):
        assert (await checked.get(place, headers=headers)).status_code in (400, 404)


async def test_rows_that_are_elsewhere_are_not_fetched(checked: httpx.AsyncClient) -> None:
    source = {"type": "uri", "uri": "https://example.org/rows.jsonl"}
    body = {"dataset_id": "far", "purpose": "eval/question-answer", "source": source}
    assert (await checked.post("/v1/datasets", json=body)).is_success
    assert (await checked.get("/v1/datasetio/iterrows/far")).status_code == 501
