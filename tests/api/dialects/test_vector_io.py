"""Chunks given directly come back as they were given, in every dialect, whoever wrote them."""

import json
import math

import httpx
import pytest
from dialect_clients import HEADERS, Serve, told

from muniment.api.llama_stack.vector_io import _tell_of_ttl

INSERT, QUERY = "/v1/vector-io/insert", "/v1/vector-io/query"
KEYS = {"0.2.12": "vector_db_id", "0.2.22": "vector_db_id", "0.3.5": "vector_db_id", "ogx": "vector_store_id"}
WARRANTY = "The warranty of pump P-7 is 36 months."
FEES = "The annual fee for the archive is 120 euros."
VECTOR = [1 / 8] * 64


async def insert(client: httpx.AsyncClient, dialect: str, chunks: list[object], store: str = "docs"):  # type: ignore[no-untyped-def]
    body = {KEYS[dialect]: store, "chunks": chunks}
    return await client.post(INSERT, json=body, headers=HEADERS[dialect])


async def query(client: httpx.AsyncClient, dialect: str, text: object, **params: object):  # type: ignore[no-untyped-def]
    body = {KEYS[dialect]: "docs", "query": text, "params": params}
    return await client.post(QUERY, json=body, headers=HEADERS[dialect])


async def test_what_one_dialect_writes_every_other_reads(checked: httpx.AsyncClient) -> None:
    for number, writer in enumerate(HEADERS):
        chunk = {
            "content": f"{WARRANTY} Said by {writer}.",
            "metadata": {"document_id": f"d{number}", "tags": ["a", {"b": None}]},
            "chunk_id": 9_007_199_254_740_993 + number,
            "chunk_metadata": {"source": "x.txt"},
            "embedding": VECTOR,
        }
        inserted = await insert(checked, writer, [chunk])
        expected = (204, "") if writer == "ogx" else (200, "null")
        assert (inserted.status_code, inserted.text) == expected
        for reader in HEADERS:
            answer = (await query(checked, reader, chunk["content"], mode="keyword", max_chunks=1)).json()
            [found] = answer["chunks"]
            assert found["content"] == chunk["content"]
            assert found["metadata"] == chunk["metadata"]
            assert found["chunk_id"] == str(chunk["chunk_id"])
            assert found["chunk_metadata"]["source"] == "x.txt"
            assert found["embedding"] == VECTOR
            assert len(answer["scores"]) == 1
            if reader == "ogx":
                assert (found["embedding_model"], found["embedding_dimension"]) == ("small", 64)
                assert found["chunk_metadata"]["chunk_window"] is None


async def test_a_chunk_needs_only_content_and_the_same_id_replaces(checked: httpx.AsyncClient) -> None:
    items = [{"type": "text", "text": "The annual fee"}, {"type": "text", "text": "is 120 euros."}]
    for dialect in HEADERS:
        chunks = [{"content": items, "metadata": None}, {"content": "ol\0d", "stored_chunk_id": "c"}]
        assert (await insert(checked, dialect, [*chunks, {"content": FEES, "chunk_id": "c"}])).is_success
        assert (await insert(checked, dialect, [])).is_success
        found = (await query(checked, dialect, {"type": "text", "text": "annual fee"}, k=20)).json()["chunks"]
        texts = [chunk["content"] for chunk in found]
        assert texts.count("The annual fee is 120 euros.") == texts.count(FEES) == 1
        assert "old" not in texts


async def test_chunks_of_files_are_found_with_their_file(checked: httpx.AsyncClient) -> None:
    for dialect in HEADERS:
        for mode in ("vector", "keyword", "hybrid"):
            answer = (await query(checked, dialect, "days of paid leave", search_mode=mode, k=1)).json()
            [found] = answer["chunks"]
            assert "28 days of paid leave" in found["content"]
            assert found["metadata"]["filename"] == "leave.txt"
            assert found["metadata"]["document_id"].startswith("file-")
            assert int(found["chunk_id"]) > 0
            assert not found["embedding"]


async def test_a_score_threshold_keeps_out_what_is_below(checked: httpx.AsyncClient) -> None:
    await insert(
        checked, "0.3.5", [{"content": WARRANTY, "chunk_id": "w"}, {"content": FEES, "chunk_id": "f"}]
    )
    everything = (await query(checked, "0.3.5", WARRANTY, k=10)).json()
    assert everything["scores"] == sorted(everything["scores"], reverse=True)
    threshold = everything["scores"][0]
    best = (await query(checked, "0.3.5", WARRANTY, k=10, score_threshold=threshold)).json()
    assert [chunk["content"] for chunk in best["chunks"]] == [WARRANTY]
    assert not (await query(checked, "0.3.5", WARRANTY, score_threshold=2.0)).json()["chunks"]


async def test_without_a_version_header_the_body_tells_the_dialect(checked: httpx.AsyncClient) -> None:
    chunks = [{"content": FEES}]
    ogx = await checked.post(INSERT, json={"vector_store_id": "docs", "chunks": chunks})
    assert ogx.status_code == 204
    agent = {"User-Agent": "OpenAI/Python 2.8.0"}
    old = await checked.post(INSERT, json={"vector_db_id": "docs", "chunks": chunks}, headers=agent)
    assert (old.status_code, old.text) == (200, "null")
    newer = HEADERS["0.3.5"]
    kept = await checked.post(INSERT, json={"vector_store_id": "docs", "chunks": chunks}, headers=newer)
    assert (kept.status_code, kept.text) == (200, "null")


async def test_time_to_live_is_taken_and_told_once(
    checked: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    _tell_of_ttl.cache_clear()
    body = {"vector_db_id": "docs", "chunks": [{"content": FEES}], "ttl_seconds": 1}
    for _ in range(2):
        assert (await checked.post(INSERT, json=body)).is_success
    assert caplog.text.count("ttl_seconds") == 1


IMAGE = {"type": "image", "image": {"url": {"uri": "http://127.0.0.1:9/x.png"}}}
BAD_CHUNKS = [
    ({"metadata": {}}, "content"),
    ({"content": 7}, "content"),
    ({"content": "x", "chunk_id": "a\0b"}, "NUL"),
    ({"content": IMAGE}, "image"),
    ({"content": [IMAGE]}, "image"),
    ({"content": "x\ud800"}, "surrogate"),
    ({"content": "x", "metadata": {"a": "\ud800"}}, "surrogate"),
    ({"content": "x", "metadata": {"a": 2**64}}, "64 bits"),
    ({"content": "x", "metadata": {"a": math.nan}}, "finite"),
    ({"content": "x", "metadata": []}, "metadata"),
    ({"content": "x", "chunk_id": True}, "chunk_id"),
    ({"content": "x", "chunk_id": 1.5}, "chunk_id"),
    ({"content": "x", "embedding": [0.1] * 5}, "Embedding at index 0 has dimension 5, expected 64"),
    ({"content": "x", "embedding": ["a"] * 64}, "embedding"),
    ({"content": "x", "embedding": [math.inf] * 64}, "embedding"),
    ({"content": "x", "embedding": [math.nan] * 64}, "embedding"),
    ({"content": "x", "embedding": [1e39] * 64}, "embedding"),
    ({"content": "x", "embedding": [0.0] * 64}, "no direction"),
]


@pytest.mark.parametrize("dialect", HEADERS)
async def test_bad_input_is_refused_in_the_dialects_shape(checked: httpx.AsyncClient, dialect: str) -> None:
    async def refused(place: str, body: object, says: str) -> None:
        headers = {**HEADERS[dialect], "Content-Type": "application/json"}
        response = await checked.post(place, content=json.dumps(body), headers=headers)
        assert response.status_code == 400, (body, response.text)
        assert says in told(response), body

    key = KEYS[dialect]
    for chunk, says in BAD_CHUNKS:
        await refused(INSERT, {key: "docs", "chunks": [chunk]}, says)
    await refused(INSERT, {key: "docs"}, "chunks")
    await refused(INSERT, {"chunks": []}, key)
    await refused(INSERT, {key: "zzz", "chunks": []}, "zzz")
    await refused(QUERY, {key: "zzz", "query": "x"}, "zzz")
    await refused(QUERY, {key: "docs"}, "query")
    await refused(QUERY, {"query": "x"}, key)
    await refused(QUERY, {key: "docs", "query": ""}, "empty")
    await refused(QUERY, {key: "docs", "query": IMAGE}, "image")
    await refused(QUERY, {key: "docs", "query": "x", "params": {"mode": "nope"}}, "Known: vector")
    await refused(QUERY, {key: "docs", "query": "x", "params": {"max_chunks": 0}}, "max_chunks")
    await refused(QUERY, {key: "docs", "query": "x", "params": {"k": "many"}}, "k")
    everything = (await query(checked, dialect, "x", k=50)).json()["chunks"]
    assert {chunk["metadata"]["filename"] for chunk in everything} == {"leave.txt", "pumps.txt"}


async def test_a_body_larger_than_an_upload_may_be_is_refused(serve: Serve) -> None:
    async with serve(server={"max_upload_mb": 1}) as client:
        body = {"vector_db_id": "docs", "chunks": [{"content": "x" * 2_000_000}]}
        response = await client.post(INSERT, json=body, headers=HEADERS["0.2.12"])
        assert response.status_code == 413
        assert "max_upload_mb" in told(response)


async def test_a_query_is_filtered_by_metadata(checked: httpx.AsyncClient) -> None:
    store = (await checked.post("/v1/vector_stores", json={"name": "x"})).json()["id"]
    years = {"old": 1990, "new": 2020}
    chunks = [
        {"content": f"The {word} pump", "metadata": {"document_id": word, "year": year}}
        for word, year in years.items()
    ]
    await checked.post("/v1/vector-io/insert", json={"vector_db_id": store, "chunks": chunks})
    filters = {"type": "and", "filters": [{"type": "gt", "key": "year", "value": 2000}]}
    for mode in ("vector", "keyword", "hybrid"):
        asked = {"vector_db_id": store, "query": "pump", "params": {"filters": filters, "mode": mode}}
        found = (await checked.post("/v1/vector-io/query", json=asked)).json()["chunks"]
        assert [chunk["metadata"]["year"] for chunk in found] == [2020]
    wrong = {"vector_db_id": store, "query": "pump", "params": {"filters": {"type": "like"}}}
    assert (await checked.post("/v1/vector-io/query", json=wrong)).status_code == 400
