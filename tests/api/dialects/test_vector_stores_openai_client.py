"""OpenAI's own client works with files, vector stores, searches and embeddings, sync and async."""

from pathlib import Path

import pytest

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

WARRANTY = b"The warranty of pump P-7 is 36 months from delivery."
FEES = b"The annual fee for the archive is 120 euros."


@pytest.fixture
def client(openai_client: "openai.OpenAI") -> "openai.OpenAI":
    return openai_client


def test_files_live_from_upload_to_deletion(client: "openai.OpenAI", tmp_path: Path) -> None:
    path = tmp_path / "pump manual.html"
    path.write_bytes(WARRANTY)
    file = client.files.create(
        file=path, purpose="assistants", expires_after={"anchor": "created_at", "seconds": 7200}
    )
    assert (file.filename, file.bytes, file.purpose, file.status) == (
        "pump manual.html", len(WARRANTY), "assistants", "processed",
    )  # fmt: skip
    assert file.expires_at - file.created_at in (7200, 7201)
    other = client.files.create(file=("fees.txt", FEES), purpose="user_data")
    assert {one.id for one in client.files.list()} == {file.id, other.id}
    assert [one.id for one in client.files.list(purpose="user_data")] == [other.id]
    assert client.files.retrieve(file.id) == file
    content = client.files.content(file.id)
    assert content.read() == WARRANTY
    assert content.response.headers["content-disposition"].startswith("attachment")
    assert content.response.headers["content-type"].startswith("text/html")
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError) as caught:
        client.files.retrieve(file.id)
    assert caught.value.code == "unknown_file"


def test_lists_are_walked_page_by_page(client: "openai.OpenAI") -> None:
    made = [client.files.create(file=(f"{n}.txt", FEES), purpose="batch").id for n in range(5)]
    assert sorted(one.id for one in client.files.list(limit=2)) == sorted(made)
    up = [one.id for one in client.files.list(limit=2, order="asc")]
    assert up == [one.id for one in client.files.list(limit=3, order="desc")][::-1]
    stores = [client.vector_stores.create(name=f"store {n}").id for n in range(3)]
    walked = [store.id for store in client.vector_stores.list(limit=1)]
    assert sorted(walked) == sorted([*stores, "docs"])


def test_a_store_is_made_filled_searched_and_deleted(client: "openai.OpenAI") -> None:
    store = client.vector_stores.create(
        name="manuals",
        metadata={"team": "service"},
        expires_after={"anchor": "last_active_at", "days": 7},
    )
    assert (store.name, store.status, store.metadata) == ("manuals", "completed", {"team": "service"})
    assert store.expires_at == store.last_active_at + 7 * 86400
    file = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("pump.txt", WARRANTY))
    assert (file.status, file.last_error, file.usage_bytes) == ("completed", None, len(WARRANTY))
    assert file.vector_store_id == store.id
    found = client.vector_stores.search(store.id, query="warranty of pump P-7")
    (result,) = found.data
    assert (result.file_id, result.filename) == (file.id, "pump.txt")
    assert result.content[0].text == WARRANTY.decode()
    assert 0.5 < result.score <= 1
    updated = client.vector_stores.update(store.id, name="handbooks", metadata={"team": "sales"})
    assert (updated.id, updated.name, updated.metadata) == (store.id, "handbooks", {"team": "sales"})
    assert client.vector_stores.retrieve("handbooks").id == store.id
    assert client.vector_stores.retrieve(store.id).file_counts.completed == 1
    assert client.vector_stores.delete(store.id).deleted
    with pytest.raises(openai.NotFoundError) as caught:
        client.vector_stores.search(store.id, query="warranty")
    assert caught.value.code == "unknown_store"
    assert client.files.content(file.id).read() == WARRANTY


def test_files_of_a_store_have_attributes_that_searches_filter_on(client: "openai.OpenAI") -> None:
    store = client.vector_stores.create(name="mixed")
    sizes = {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}
    uploaded = [
        client.files.create(file=(name, text), purpose="assistants")
        for name, text in (("pump.txt", WARRANTY), ("fees.txt", FEES))
    ]
    pump = client.vector_stores.files.create_and_poll(
        uploaded[0].id,
        vector_store_id=store.id,
        attributes={"year": 2026, "team": "ops", "draft": False},
        chunking_strategy={"type": "static", "static": sizes},
    )
    assert pump.status == "completed"
    assert pump.attributes == {"year": 2026, "team": "ops", "draft": False}
    assert pump.chunking_strategy.static.max_chunk_size_tokens == 200
    fees = client.vector_stores.files.create_and_poll(uploaded[1].id, vector_store_id=store.id)

    def found(filters: dict[str, object]) -> set[str]:
        page = client.vector_stores.search(store.id, query="pump archive", filters=filters)
        return {result.filename for result in page.data}

    newer = {"type": "gte", "key": "year", "value": 2026}
    sales = {"type": "eq", "key": "team", "value": "sales"}
    assert found(newer) == {"pump.txt"}
    assert found({"type": "and", "filters": [newer, sales]}) == set()
    assert found({"type": "or", "filters": [newer, sales]}) == {"pump.txt"}
    assert found({"type": "in", "key": "team", "value": ["ops", "hr"]}) == {"pump.txt"}
    client.vector_stores.files.update(fees.id, vector_store_id=store.id, attributes={"team": "sales"})
    assert found(sales) == {"fees.txt"}
    assert found({"type": "nin", "key": "team", "value": ["ops"]}) == {"fees.txt"}
    assert found({"type": "lt", "key": "year", "value": 2026}) == set()
    content = client.vector_stores.files.content(pump.id, vector_store_id=store.id)
    assert "".join(part.text for part in content.data) == WARRANTY.decode()
    listed = client.vector_stores.files.list(vector_store_id=store.id, filter="completed", limit=1)
    assert {file.id for file in listed} == {pump.id, fees.id}
    assert client.vector_stores.files.delete(pump.id, vector_store_id=store.id).deleted
    assert found(newer) == set()
    assert client.files.retrieve(pump.id).id == pump.id


def test_batches_are_uploaded_polled_and_listed(client: "openai.OpenAI") -> None:
    store = client.vector_stores.create(name="batches")
    batch = client.vector_stores.file_batches.upload_and_poll(
        vector_store_id=store.id, files=[("pump.txt", WARRANTY), ("fees.txt", FEES), ("empty.txt", b" ")]
    )
    assert (batch.status, batch.object) == ("completed", "vector_store.files_batch")
    counts = batch.file_counts
    assert (counts.total, counts.completed, counts.failed, counts.in_progress) == (3, 2, 1, 0)
    files = list(client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, limit=2))
    (failed,) = [file for file in files if file.status == "failed"]
    assert (len(files), failed.last_error.code) == (3, "invalid_file")
    assert "empty" in failed.last_error.message
    assert client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id) == batch
    again = client.vector_stores.file_batches.create_and_poll(
        vector_store_id=store.id,
        files=[{"file_id": file.id, "attributes": {"n": n}} for n, file in enumerate(files)],
    )
    assert (again.file_counts.completed, again.file_counts.failed) == (2, 1)
    noted = client.vector_stores.files.list(vector_store_id=store.id, order="asc")
    assert sorted(file.attributes["n"] for file in noted) == [0, 1, 2]
    assert client.vector_stores.file_batches.cancel(again.id, vector_store_id=store.id).status == "completed"


def test_embeddings_come_as_numbers_or_packed(client: "openai.OpenAI") -> None:
    packed = client.embeddings.create(model="provider/small", input=["one pump", "two valves"])
    plain = client.embeddings.create(model="small", input="one pump", encoding_format="float", dimensions=64)
    assert [one.index for one in packed.data] == [0, 1]
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)
    assert sum(x * x for x in plain.data[0].embedding) == pytest.approx(1)
    assert (plain.usage.prompt_tokens, packed.usage.total_tokens) == (2, 4)
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model="nope", input="x")
    assert caught.value.code == "unknown_model"


async def test_the_async_client_works_too(served_url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{served_url}/v1", api_key="none", max_retries=0) as client:
        store = await client.vector_stores.create(name="async")
        file = await client.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("pump.txt", WARRANTY)
        )
        batch = await client.vector_stores.file_batches.upload_and_poll(
            vector_store_id=store.id, files=[("fees.txt", FEES)]
        )
        assert (file.status, batch.status) == ("completed", "completed")
        page = await client.vector_stores.search(store.id, query=["warranty", "annual fee"])
        assert {result.filename for result in page.data} == {"pump.txt", "fees.txt"}
        assert len([one async for one in client.files.list(limit=1)]) == 2
        made = await client.embeddings.create(model="large", input="x")
        assert len(made.data[0].embedding) == 96
