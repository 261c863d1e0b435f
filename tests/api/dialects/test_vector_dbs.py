"""Vector dbs: the id a client gave finds its store, whatever the version, and nothing is made twice."""

import json

import httpx
import pytest
from dialect_clients import HEADERS, Serve, told

PLACE = "/v1/vector-dbs"
OLD, NEW = HEADERS["0.2.12"], HEADERS["0.2.22"]
DB = {"vector_db_id": "my docs", "embedding_model": "small", "embedding_dimension": 64}


async def test_the_old_dialect_keeps_the_clients_id(checked: httpx.AsyncClient) -> None:
    made = await checked.post(PLACE, json={**DB, "provider_id": "fake"}, headers=OLD)
    assert made.json() == {
        "identifier": "my docs",
        "provider_resource_id": "my docs",
        "provider_id": "fake",
        "type": "vector_db",
        "owner": None,
        "embedding_model": "small",
        "embedding_dimension": 64,
    }
    assert (await checked.post(PLACE, json=DB, headers=OLD)).json() == made.json()
    assert (await checked.get(f"{PLACE}/my docs", headers=OLD)).json() == made.json()


async def test_the_newer_dialect_makes_an_id_and_answers_to_both(checked: httpx.AsyncClient) -> None:
    made = (await checked.post(PLACE, json=DB, headers=NEW)).json()
    assert made["identifier"].startswith("vs_")
    assert (made["vector_db_name"], made["source"]) == ("my docs", "via_register_api")
    assert (await checked.post(PLACE, json=DB, headers=NEW)).json() == made
    for name in ("my docs", made["identifier"]):
        assert (await checked.get(f"{PLACE}/{name}", headers=NEW)).json() == made
        inserted = {"vector_db_id": name, "chunks": [{"content": "One chunk.", "chunk_id": "c"}]}
        assert (await checked.post("/v1/vector-io/insert", json=inserted, headers=NEW)).status_code == 200
    listed = (await checked.get(PLACE, headers=NEW)).json()["data"]
    assert [one["vector_db_name"] for one in listed] == ["docs", "my docs"]
    assert listed[0]["source"] == "listed_from_config"


@pytest.mark.parametrize("headers", [OLD, NEW])
async def test_a_declared_collection_is_there_and_registering_it_returns_it(
    checked: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    listed = (await checked.get(PLACE, headers=headers)).json()["data"]
    assert [one["identifier"] for one in listed] == ["docs"]
    made = await checked.post(PLACE, json={**DB, "vector_db_id": "docs"}, headers=headers)
    assert made.json()["identifier"] == "docs"
    refused = await checked.delete(f"{PLACE}/docs", headers=headers)
    assert refused.status_code == 409
    assert "declared" in told(refused)


@pytest.mark.parametrize(("headers", "missing"), [(OLD, 400), (NEW, 404)])
async def test_deleting_removes_it(checked: httpx.AsyncClient, headers: dict[str, str], missing: int) -> None:
    await checked.post(PLACE, json=DB, headers=headers)
    gone = await checked.delete(f"{PLACE}/my docs", headers=headers)
    assert (gone.status_code, gone.json()) == (200, None)
    for response in (
        await checked.get(f"{PLACE}/my docs", headers=headers),
        await checked.delete(f"{PLACE}/my docs", headers=headers),
    ):
        assert response.status_code == missing
        assert "my docs" in told(response)


async def test_a_registration_survives_a_restart(serve: Serve) -> None:
    async with serve(headers=NEW) as client:
        made = (await client.post(PLACE, json=DB)).json()
    async with serve(headers=NEW) as client:
        assert (await client.get(f"{PLACE}/my docs")).json() == made
        assert (await client.post(PLACE, json=DB)).json() == made


BAD = [
    ({"embedding_dimension": 5}, 400, 400, "64 dimensions, not 5"),
    ({"embedding_model": "nope"}, 400, 404, "nope"),
    ({"provider_id": "nope"}, 400, 400, "fake"),
    ({"vector_db_id": ""}, 400, 400, "vector_db_id"),
    ({"vector_db_id": "\ud800"}, 400, 400, "unicode"),
    ({"vector_db_id": 7}, 400, 400, "vector_db_id"),
    ({"embedding_dimension": "many"}, 400, 400, "embedding_dimension"),
    ({"embedding_model": None}, 400, 400, "embedding_model"),
]


async def test_what_cannot_be_registered_is_refused_with_the_reason(checked: httpx.AsyncClient) -> None:
    for change, old, new, says in BAD:
        for headers, status in ((OLD, old), (NEW, new)):
            body = json.dumps({**DB, **change})
            as_json = {**headers, "Content-Type": "application/json"}
            response = await checked.post(PLACE, content=body, headers=as_json)
            assert response.status_code == status, (change, response.text)
            assert says in told(response)
    for headers in (OLD, NEW):
        missing = await checked.post(PLACE, json={"vector_db_id": "x"}, headers=headers)
        assert missing.json() == {
            "error": {
                "detail": {
                    "errors": [
                        {"loc": ["body", "embedding_model"], "msg": "Field required", "type": "missing"}
                    ]
                }
            }
        }
        assert [one["identifier"] for one in (await checked.get(PLACE)).json()["data"]] == ["docs"]


@pytest.mark.parametrize("headers", [OLD, NEW])
async def test_another_embedding_model_for_the_same_id_is_never_hidden(
    checked: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await checked.post(PLACE, json=DB, headers=headers)
    other = {"vector_db_id": "my docs", "embedding_model": "large"}
    refused = await checked.post(PLACE, json=other, headers=headers)
    assert refused.status_code == 409
    assert "small" in told(refused)
