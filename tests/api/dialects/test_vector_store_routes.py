"""Vector stores, files and embeddings as each server's clients expect them, and what bad input is told."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

V0222 = {"X-LlamaStack-Client-Version": "0.2.22"}
V0212 = {"X-LlamaStack-Client-Version": "0.2.12"}
V03 = {"X-LlamaStack-Client-Version": "0.3.5"}
OGX = {"X-OGX-Client-Version": "1.5.0"}

WARRANTY = "The warranty of pump P-7 is 36 months from delivery."


async def upload(client: httpx.AsyncClient, name: str = "pump.txt", text: str = WARRANTY) -> str:
    response = await client.post(
        "/v1/files", files={"file": (name, text.encode())}, data={"purpose": "assistants"}
    )
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


async def created(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    response = await client.post("/v1/vector_stores", json=body)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def filled(client: httpx.AsyncClient, **attached: Any) -> str:
    """Id of a store with one file, which has been read."""
    store = (await created(client, name="manuals"))["id"]
    file_id = await upload(client)
    await client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file_id, **attached}, headers=V03)
    return str(store)


async def search(client: httpx.AsyncClient, store: str, **body: Any) -> dict[str, Any]:
    response = await client.post(f"/v1/vector_stores/{store}/search", json={"query": "pump", **body})
    assert response.status_code == 200, response.text
    return dict(response.json())


# -- the same for all


async def test_a_declared_collection_is_a_store_whose_results_lead_to_the_evidence(
    served: httpx.AsyncClient,
) -> None:
    page = await search(served, "docs", query="paid leave")
    assert page["muniment"] == {"collection": "docs", "mode": "hybrid", "notes": []}
    result = page["data"][0]
    assert result["filename"] == "leave.txt"
    evidence = result["muniment"]
    assert (evidence["collection"], evidence["page"], evidence["page_url"]) == ("docs", None, None)
    document = await served.get(f"/v1/collections/docs/documents/{evidence['document_id']}/text")
    span = evidence["spans"][0]
    assert document.json()["text"][span["start"] : span["end"]] == result["content"][0]["text"]
    original = await served.get(evidence["document_url"])
    file = await served.get(f"/v1/files/{result['file_id']}/content")
    assert original.content == file.content != b""
    assert result["file_id"].startswith("file-")
    described = await served.get(f"/v1/files/{result['file_id']}")
    assert described.json()["filename"] == "leave.txt"
    native = await served.post("/v1/search", json={"query": "paid leave"})
    assert native.json()["passages"][0]["id"] == evidence["chunk_id"]


async def test_scores_lie_between_0_and_1_and_fall_with_the_rank(served: httpx.AsyncClient) -> None:
    for mode in ("hybrid", "vector", "keyword"):
        page = await search(served, "docs", query="pump valve days year", search_mode=mode)
        scores = [result["score"] for result in page["data"]]
        assert scores == sorted(scores, reverse=True), mode
        assert all(0 <= score <= 1 for score in scores), mode
        assert len(scores) == 2, mode
        middle = sum(scores) / 2
        kept = await search(
            served,
            "docs",
            query="pump valve days year",
            search_mode=mode,
            ranking_options={"ranker": "auto", "score_threshold": middle},
        )
        assert len(kept["data"]) == sum(score >= middle for score in scores), mode


async def test_searches_are_walked_page_by_page(served: httpx.AsyncClient) -> None:
    whole = await search(served, "docs", query=["pump", "leave"])
    assert (whole["has_more"], whole["next_page"], len(whole["data"])) == (False, None, 2)
    first = await search(served, "docs", query=["pump", "leave"], max_num_results=1)
    second = await search(served, "docs", query=["pump", "leave"], max_num_results=1, page=first["next_page"])
    assert (first["has_more"], second["has_more"]) == (True, False)
    names = [result["filename"] for result in whole["data"]]
    assert [result["filename"] for page in (first, second) for result in page["data"]] == names


async def test_a_chunk_that_was_inserted_is_found_under_its_own_ids(serve: Serve) -> None:
    from muniment.types import GivenChunk

    async with serve() as client:
        store = (await created(client, name="given"))["id"]
        workspace = client._transport.app.state.opening.workspace  # type: ignore[attr-defined]
        await workspace.services.stores.insert(
            store,
            [
                GivenChunk("c1", "Valve V-2 opens at 9 bar.", "d1", {"team": "ops", "nested": {"a": 1}}),
                GivenChunk("c2", "Gasket G-4 is made of PTFE.", "", {"file_id": "file-77", "year": 2026}),
            ],
        )
        (valve,) = (await search(client, store, query="valve V-2", search_mode="keyword"))["data"]
        assert (valve["file_id"], valve["muniment"]["chunk_id"]) == ("d1", "c1")
        assert valve["attributes"] == {"team": "ops", "document_id": "d1"}
        filters = {"type": "eq", "key": "year", "value": 2026}
        (gasket,) = (await search(client, store, query="gasket", filters=filters))["data"]
        assert (gasket["file_id"], gasket["attributes"]["year"]) == ("file-77", 2026)
        text = await client.get(
            f"/v1/collections/{gasket['muniment']['collection']}"
            f"/documents/{gasket['muniment']['document_id']}/text"
        )
        assert text.json()["text"] == "Gasket G-4 is made of PTFE."


async def test_everything_is_there_after_a_restart(serve: Serve) -> None:
    async with serve() as client:
        store = await filled(client, attributes={"year": 2026})
        before = (await client.get(f"/v1/vector_stores/{store}")).json()
        found = await search(client, store)
        assert len(found["data"]) == 1
    async with serve() as client:
        assert (await client.get(f"/v1/vector_stores/{store}")).json() == before
        async with asyncio.timeout(120):
            # What the store in memory lost is made again first.
            while (  # noqa: ASYNC110 - any client waits like this
                again := await search(client, "manuals")
            )["muniment"]["notes"]:
                await asyncio.sleep(0.01)
        assert again == found
        assert found["data"][0]["attributes"] == {"year": 2026}
        listed = (await client.get("/v1/files")).json()["data"]
        assert [file["id"] for file in listed] == [found["data"][0]["file_id"]]


async def test_a_deleted_file_is_found_no_more(served: httpx.AsyncClient) -> None:
    store = await filled(served)
    (result,) = (await search(served, store))["data"]
    assert (await served.delete(f"/v1/files/{result['file_id']}")).json()["deleted"] is True
    assert (await search(served, store))["data"] == []
    assert (await served.get(f"/v1/vector_stores/{store}/files")).json()["data"] == []


async def test_the_file_of_a_document_cannot_be_deleted(served: httpx.AsyncClient) -> None:
    result = (await search(served, "docs"))["data"][0]
    refused = await served.delete(f"/v1/files/{result['file_id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "file_of_document")
    refused = await served.delete(f"/v1/vector_stores/docs/files/{result['file_id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "document_from_source")
    refused = await served.delete("/v1/vector_stores/docs")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "collection_declared")
    # Attached elsewhere it has a copy there; the document stays where it is.
    store = (await created(served, name="copy", file_ids=[result["file_id"]]))["id"]
    assert (await served.delete(f"/v1/files/{result['file_id']}")).status_code == 409
    assert (await served.get(f"/v1/vector_stores/{store}/files")).json()["data"][0]["id"] == result["file_id"]


async def test_the_old_prefix_has_the_same_routes(served: httpx.AsyncClient) -> None:
    store = await filled(served)
    old = await served.get(f"/v1/openai/v1/vector_stores/{store}")
    assert old.json()["id"] == store
    searched = await served.post(f"/v1/openai/v1/vector_stores/{store}/search", json={"query": "pump"})
    assert searched.json()["search_query"] == "pump"
    assert (await served.get("/v1/openai/v1/files")).json()["data"][0]["filename"] == "pump.txt"
    assert not [path for path in (await served.get("/openapi.json")).json()["paths"] if "openai" in path]


async def test_the_model_and_its_dimension_may_stand_in_the_metadata(served: httpx.AsyncClient) -> None:
    metadata = {"embedding_model": "x/large", "embedding_dimension": "96", "nested": {"kept": [1, None]}}
    store = await created(served, name="large", metadata=metadata)
    assert store["metadata"] == metadata
    shown = (await served.get(f"/v1/vector_stores/{store['id']}", headers=OGX)).json()["metadata"]
    assert (shown["embedding_model"], shown["embedding_dimension"]) == ("large", "96")
    body = {"name": "extra", "embedding_model": "large", "embedding_dimension": 96, "provider_id": "faiss"}
    assert (await created(served, **body))["metadata"] == {}


async def test_forms_say_when_a_file_expires_in_several_ways(served: httpx.AsyncClient) -> None:
    for data in (
        {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"},
        {"expires_after": '{"anchor": "created_at", "seconds": 3600}'},
    ):
        form = {"purpose": "assistants", **data}
        file = (await served.post("/v1/files", files={"file": ("a.txt", b"x")}, data=form)).json()
        assert file["expires_at"] - file["created_at"] == 3600


async def test_a_list_goes_on_where_the_cursor_stands_in_both_directions(served: httpx.AsyncClient) -> None:
    made = [await upload(served, f"{n}.txt", f"text {n}") for n in range(4)]
    store = (await created(served, name="many"))["id"]
    entries = [{"file_id": file_id} for file_id in made]
    batch = (await served.post(f"/v1/vector_stores/{store}/file_batches", json={"files": entries})).json()
    place = f"/v1/vector_stores/{store}/file_batches/{batch['id']}/files"
    whole = (await served.get(place, params={"order": "asc"})).json()
    ids = [file["id"] for file in whole["data"]]
    assert (sorted(ids), whole["has_more"]) == (sorted(made), False)
    assert (whole["first_id"], whole["last_id"]) == (ids[0], ids[-1])

    async def page(**params: Any) -> tuple[list[str], bool]:
        body = (await served.get(place, params={"order": "asc", "limit": 2, **params})).json()
        return [file["id"] for file in body["data"]], body["has_more"]

    assert await page() == (ids[:2], True)
    assert await page(after=ids[1]) == (ids[2:], False)
    assert await page(before=ids[3]) == (ids[1:3], True)
    assert await page(after=ids[0], before=ids[3]) == (ids[1:3], False)
    assert await page(order="desc") == ([ids[3], ids[2]], True)
    # A cursor is good even when its file is not in the state that is asked for.
    assert (await page(after=ids[0], filter="cancelled"))[0] == []


# -- what differs


async def test_clients_of_llama_stack_and_ogx_find_a_file_read_when_it_is_attached(
    served: httpx.AsyncClient,
) -> None:
    store = (await created(served, name="waits"))["id"]
    for number, headers in enumerate((V0212, V0222, V03, OGX)):
        file_id = await upload(served, f"{number}.txt", f"{WARRANTY} Copy {number}.")
        response = await served.post(
            f"/v1/vector_stores/{store}/files", json={"file_id": file_id}, headers=headers
        )
        assert response.json()["status"] == "completed"


async def test_shapes_are_those_of_the_dialect(served: httpx.AsyncClient) -> None:
    store = await filled(served)
    file_id = (await search(served, store))["data"][0]["file_id"]
    place = f"/v1/vector_stores/{store}"

    async def seen(headers: dict[str, str]) -> dict[str, Any]:
        file = (await served.get(f"/v1/files/{file_id}", headers=headers)).json()
        attached = (await served.get(f"{place}/files/{file_id}", headers=headers)).json()
        content = (await served.get(f"{place}/files/{file_id}/content", headers=headers)).json()
        searched = (await served.post(f"{place}/search", json={"query": "pump"}, headers=headers)).json()
        described = (await served.get(place, headers=headers)).json()
        body = {"file_ids": [file_id]}
        batch = (await served.post(f"{place}/file_batches", json=body, headers=headers)).json()
        return {
            "status": file.get("status"),
            "chunking": attached["chunking_strategy"]["type"],
            "content": sorted(content),
            "query": searched["search_query"],
            "metadata": sorted(described["metadata"]),
            "batch": batch["object"],
        }

    named = ["attributes", "content", "file_id", "filename"]
    page = ["data", "has_more", "next_page", "object"]
    of_0_2 = {
        "status": None,
        "chunking": "auto",
        "content": named,
        "query": "pump",
        "metadata": ["provider_id", "provider_vector_db_id"],
        "batch": "vector_store.files_batch",
    }
    openai = {
        "status": "processed",
        "chunking": "static",
        "content": page,
        "query": ["pump"],
        "metadata": [],
        "batch": "vector_store.files_batch",
    }
    assert await seen({}) == openai
    assert await seen(V0212) == await seen(V0222) == of_0_2
    assert await seen(V03) == {
        **of_0_2,
        "metadata": ["provider_id", "provider_vector_store_id"],
        "batch": "vector_store.file_batch",
    }
    added = ["embedding_dimension", "embedding_model", "provider_id", "provider_vector_store_id"]
    assert await seen(OGX) == {**openai, "metadata": added}


async def test_the_oldest_llama_stack_names_a_store_by_its_name(served: httpx.AsyncClient) -> None:
    first = await served.post("/v1/openai/v1/vector_stores", json={"name": "kept"}, headers=V0212)
    again = await served.post("/v1/openai/v1/vector_stores", json={"name": "kept"}, headers=V0212)
    assert first.json()["id"] == again.json()["id"] == "kept"
    newer = await served.post("/v1/openai/v1/vector_stores", json={"name": "kept"}, headers=V0222)
    assert newer.json()["id"].startswith("vs_")


async def test_an_unknown_file_is_attached_as_failed(served: httpx.AsyncClient) -> None:
    store = (await created(served, name="s"))["id"]
    for headers in ({}, V0222, V03, OGX):
        response = await served.post(
            f"/v1/vector_stores/{store}/files", json={"file_id": "file-nope"}, headers=headers
        )
        assert response.status_code == 200
        assert (response.json()["status"], response.json()["last_error"]["code"]) == (
            "failed",
            "server_error",
        )
    assert (await served.get(f"/v1/vector_stores/{store}")).json()["file_counts"]["failed"] == 1


async def test_statuses_for_what_is_not_there(served: httpx.AsyncClient) -> None:
    async def statuses(headers: dict[str, str]) -> list[int]:
        asked = [
            served.get("/v1/vector_stores/vs_nope", headers=headers),
            served.delete("/v1/vector_stores/vs_nope", headers=headers),
            served.post("/v1/vector_stores/vs_nope/search", json={"query": "x"}, headers=headers),
            served.get("/v1/vector_stores/docs/files/file-00", headers=headers),
            served.get("/v1/vector_stores/docs/file_batches/vsfb_00", headers=headers),
            served.post("/v1/vector_stores", json={"embedding_model": "nope"}, headers=headers),
            served.get("/v1/files/file-00", headers=headers),
            served.post("/v1/embeddings", json={"model": "nope", "input": "x"}, headers=headers),
        ]
        return [response.status_code for response in await asyncio.gather(*asked)]

    assert await statuses({}) == [404] * 8
    assert await statuses(V0222) == [400] * 5 + [404] * 3
    assert await statuses(V03) == [400] * 6 + [404] * 2
    assert await statuses(OGX) == [400] * 6 + [404] * 2


# -- bad input

FIXED = {"type": "static", "static": {"max_chunk_size_tokens": 99}}
OVERLAP = {"type": "static", "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 300}}
SAME = {"type": "static", "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 400}}

BOTH = {"file_ids": ["f"], "files": [{"file_id": "g"}]}
NEURAL = {"query": "x", "ranking_options": {"ranker": "neural"}}

BAD = [
    ("/v1/vector_stores", {"metadata": "x"}, "invalid_request"),
    ("/v1/vector_stores", {"expires_after": {"anchor": "created_at", "days": 1}}, "invalid_request"),
    ("/v1/vector_stores", {"expires_after": {"anchor": "last_active_at", "days": 366}}, "invalid_request"),
    ("/v1/vector_stores", {"embedding_dimension": 7}, "wrong_dimension"),
    ("/v1/vector_stores", {"metadata": {"embedding_dimension": "7"}}, "wrong_dimension"),
    ("/v1/vector_stores", {"file_ids": ["f"], "chunking_strategy": SAME}, "invalid_chunking"),
    ("/v1/vector_stores", {"name": "a\x00b"}, "invalid_request"),
    ("/v1/vector_stores/docs", {"name": "other"}, "collection_declared"),
    ("/v1/vector_stores/docs/files", {}, "invalid_request"),
    ("/v1/vector_stores/docs/files", {"file_id": "f", "chunking_strategy": FIXED}, "invalid_request"),
    ("/v1/vector_stores/docs/files", {"file_id": "f", "chunking_strategy": OVERLAP}, "invalid_chunking"),
    ("/v1/vector_stores/docs/files", {"file_id": "f", "chunking_strategy": {"type": "x"}}, "invalid_request"),
    ("/v1/vector_stores/docs/files", {"file_id": "f", "attributes": {"a": {"b": 1}}}, "invalid_request"),
    ("/v1/vector_stores/docs/files", {"file_id": "f", "attributes": {"a": 2**64}}, "invalid_request"),
    ("/v1/vector_stores/docs/files/file-00", {"attributes": None}, "invalid_request"),
    ("/v1/vector_stores/docs/file_batches", {}, "invalid_batch"),
    ("/v1/vector_stores/docs/file_batches", {"file_ids": []}, "invalid_batch"),
    ("/v1/vector_stores/docs/file_batches", BOTH, "invalid_batch"),
    ("/v1/vector_stores/docs/search", {}, "invalid_request"),
    ("/v1/vector_stores/docs/search", {"query": " "}, "question_empty"),
    ("/v1/vector_stores/docs/search", {"query": []}, "invalid_request"),
    ("/v1/vector_stores/docs/search", {"query": "x" * 100_000}, "question_too_long"),
    ("/v1/vector_stores/docs/search", {"query": "x", "search_mode": "psychic"}, "unknown_search_mode"),
    ("/v1/vector_stores/docs/search", {"query": "x", "max_num_results": 0}, "invalid_request"),
    ("/v1/vector_stores/docs/search", {"query": "x", "page": "2"}, "unknown_cursor"),
    ("/v1/vector_stores/docs/search", {"query": "x", "filters": {"type": "like"}}, "invalid_filter"),
    ("/v1/vector_stores/docs/search", NEURAL, "invalid_request"),
    ("/v1/embeddings", {"model": "small", "input": [1, 2]}, "tokens_not_taken"),
    ("/v1/embeddings", {"model": "small", "input": [[1, 2]]}, "tokens_not_taken"),
    ("/v1/embeddings", {"model": "small", "input": []}, "invalid_input"),
    ("/v1/embeddings", {"model": "small", "input": ["x"] * 2049}, "invalid_input"),
    ("/v1/embeddings", {"model": "small", "input": "x", "dimensions": 32}, "wrong_dimension"),
    ("/v1/embeddings", {"model": "small", "input": "x", "encoding_format": "int8"}, "invalid_request"),
    ("/v1/embeddings", {"input": "x"}, "invalid_request"),
]  # fmt: skip


async def test_bad_input_is_refused_with_a_reason(served: httpx.AsyncClient) -> None:
    for path, body, code in BAD:
        response = await served.post(path, json=body)
        assert response.status_code in (400, 409), (path, str(body)[:200], response.text)
        assert response.json()["error"]["code"] == code, (path, str(body)[:200], response.text)
    for path in ("/v1/vector_stores", "/v1/files", "/v1/vector_stores/docs/files"):
        for params in ({"limit": 0}, {"order": "up"}, {"after": "nope"}):
            response = await served.get(path, params=params)
            assert response.status_code == 400, (path, params, response.text)


async def test_a_missing_query_is_named_as_the_dialect_names_it(served: httpx.AsyncClient) -> None:
    place = "/v1/vector_stores/docs/search"
    response = await served.post(place, json={})
    assert response.json()["error"]["message"].startswith("query: required, but missing")
    problem = {"loc": ["body", "query"], "msg": "Field required", "type": "missing"}
    response = await served.post(place, json={}, headers=V03)
    assert response.json() == {"error": {"detail": {"errors": [problem]}}}
    response = await served.post(place, json={}, headers=OGX)
    assert response.json() == {"error": {"message": str({"errors": [problem]})}}


@pytest.mark.parametrize("value", ["NaN", "1e999", '"\\ud800"', '{"a": [-Infinity]}'])
async def test_json_that_no_client_could_be_sent_again_is_refused(
    served: httpx.AsyncClient, value: str
) -> None:
    json = {"Content-Type": "application/json"}
    body = f'{{"name": "odd", "metadata": {{"a": {value}}}}}'
    response = await served.post("/v1/vector_stores", content=body, headers=json)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")
    body = f'{{"file_id": "f", "attributes": {{"a": {value}}}}}'
    response = await served.post("/v1/vector_stores/docs/files", content=body, headers=json)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")


async def test_an_upload_is_told_what_it_lacks(served: httpx.AsyncClient) -> None:
    file = {"file": ("a.txt", b"x")}
    for files, data, field in (
        (file, {}, "purpose"),
        (file, {"purpose": "fun"}, "purpose"),
        ({"other": ("a.txt", b"x")}, {"purpose": "assistants"}, "file"),
        (file, {"purpose": "assistants", "expires_after[seconds]": "1"}, "expires_after"),
        (file, {"purpose": "assistants", "expires_after": "soon"}, "expires_after"),
    ):
        response = await served.post("/v1/files", files=files, data=data)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")
        assert response.json()["error"]["message"].startswith(field)
    refused = await served.post(
        "/v1/files", files={"file": ("../a.txt", b"x")}, data={"purpose": "assistants"}
    )
    assert refused.json()["error"]["code"] == "unsafe_name"
    listed = await served.post("/v1/files", files=file, headers=V03)
    assert listed.json() == {
        "error": {
            "detail": {"errors": [{"loc": ["body", "purpose"], "msg": "Field required", "type": "missing"}]}
        }
    }
