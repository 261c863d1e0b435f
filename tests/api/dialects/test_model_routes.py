"""Models: listed in every client's shape, registered under other names, found wherever they are named."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from model_server import OPENAI, STACK_0212, STACK_0222, STACK_03, model_server

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

MODELS = "/v1/models"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with model_server(tmp_path) as client:
        yield client


async def listed(client: httpx.AsyncClient) -> dict[str, Any]:
    return {model["id"]: model for model in (await client.get(MODELS)).json()["data"]}


async def register(client: httpx.AsyncClient, status: int = 200, **body: Any) -> Any:
    response = await client.post(MODELS, json=body)
    assert response.status_code == status, response.text
    return response.json()


# -- listings


async def test_language_models_come_first_then_embedding_models_then_collections(
    client: httpx.AsyncClient,
) -> None:
    names = list(await listed(client))
    declared = [name for name in names if name.startswith("muniment/") or name not in PACKAGED]
    assert declared[:6] == ["bot", "breaks", "broken", "large", "small", "muniment/docs"]
    assert declared[6:] == [f"muniment/docs@{name}" for name in ("bot", "breaks", "broken", "extractive")]


PACKAGED = ("all-MiniLM-L6-v2", "bge-base-en-v1.5", "multilingual-e5-base")


async def test_a_model_has_the_keys_of_every_client(client: httpx.AsyncClient) -> None:
    models = await listed(client)
    assert models["bot"] == {
        "id": "bot",
        "object": "model",
        "created": 0,
        "owned_by": "bot",
        "identifier": "bot",
        "provider_id": "bot",
        "provider_resource_id": "echo-1",
        "type": "model",
        "model_type": "llm",
        "metadata": {"context_length": 8192},
        "custom_metadata": {
            "context_length": 8192,
            "provider_id": "bot",
            "provider_resource_id": "echo-1",
            "model_type": "llm",
        },
    }
    assert models["large"]["model_type"] == "embedding"
    assert models["large"]["metadata"] == {"embedding_dimension": 96, "context_length": 256}
    assert models["muniment/docs"]["provider_id"] == "muniment"


async def test_below_the_old_prefix_a_model_has_the_keys_of_openai_alone(client: httpx.AsyncClient) -> None:
    page = (await client.get("/v1/openai/v1/models")).json()
    assert page["object"] == "list"
    assert page["data"][0] == {"id": "bot", "object": "model", "created": 0, "owned_by": "bot"}
    one = (await client.get("/v1/openai/v1/models/small")).json()
    assert one == {"id": "small", "object": "model", "created": 0, "owned_by": "fake"}


async def test_a_created_store_is_listed(client: httpx.AsyncClient) -> None:
    workspace = client._transport.app.state.opening.workspace  # type: ignore[attr-defined]
    store = await workspace.services.stores.create(name="My notes")
    assert f"muniment/{store.id}" in await listed(client)
    assert (await client.get(f"{MODELS}/muniment/My notes")).json()["id"] == "muniment/My notes"


@pytest.mark.parametrize("name", ["bot", "bot/echo-1", "small", "muniment/docs", "muniment/docs@extractive"])
async def test_one_model_is_found_by_any_of_its_names(client: httpx.AsyncClient, name: str) -> None:
    official = openai.AsyncOpenAI(base_url="http://muniment/v1", api_key="none", http_client=client)
    assert (await official.models.retrieve(name)).id == name


@pytest.mark.parametrize(
    ("headers", "status"), [(OPENAI, 404), (STACK_0212, 400), (STACK_0222, 404), (STACK_03, 404)]
)
async def test_an_unknown_model_is_an_error(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    for name in ("nope", "muniment/nope", "a/b/c"):
        response = await client.get(f"{MODELS}/{name}", headers=headers)
        assert response.status_code == status
        assert "muniment/docs" in response.text


async def test_a_model_that_cannot_be_loaded_is_listed_all_the_same(tmp_path: Path) -> None:
    models = {"small": {"provider": "fake"}, "away": {"provider": "encoder", "path": str(tmp_path / "none")}}
    async with model_server(tmp_path, embedding_models=models) as client:
        away = (await listed(client))["away"]
    assert (away["model_type"], away["metadata"]) == ("embedding", {})


# -- registered names


async def test_a_registered_name_can_be_used_everywhere_and_stays(tmp_path: Path) -> None:
    chat = {"model": "meta-llama/Llama-3", "messages": [{"role": "user", "content": "hi"}]}
    embed = {"model_id": "embedder", "contents": ["x"]}
    async with model_server(tmp_path) as client:
        made = await register(
            client, model_id="meta-llama/Llama-3", provider_id="bot", provider_model_id="echo-1"
        )
        assert (made["identifier"], made["provider_resource_id"]) == ("meta-llama/Llama-3", "echo-1")
        await register(client, model_id="embedder", provider_model_id="large", model_type="embedding")
    async with model_server(tmp_path) as client:
        assert {"meta-llama/Llama-3", "embedder"} <= set(await listed(client))
        completion = (await client.post("/v1/chat/completions", json=chat)).json()
        assert completion["model"] == "meta-llama/Llama-3"
        vectors = (await client.post("/v1/inference/embeddings", json=embed)).json()["embeddings"]
        assert len(vectors[0]) == 96
        workspace = client._transport.app.state.opening.workspace  # type: ignore[attr-defined]
        assert (await workspace.services.stores.create(embedding_model="embedder")).dimension == 96
        assert (await client.delete(f"{MODELS}/meta-llama/Llama-3")).json()["deleted"] is True
        assert (await client.post("/v1/chat/completions", json=chat)).status_code == 404


async def test_what_llama_stack_clients_register_is_understood(client: httpx.AsyncClient) -> None:
    made = await register(
        client,
        model_id="sentence-transformers/small",
        provider_id="sentence-transformers",
        provider_model_id="sentence-transformers/small",
        model_type="embedding",
        metadata={"embedding_dimension": 64, "team": "x"},
    )
    assert made["metadata"] == {"embedding_dimension": 64, "context_length": 256, "team": "x"}
    assert (await client.get(f"{MODELS}/sentence-transformers/small")).json() == made


async def test_registering_a_model_under_its_own_name_changes_nothing(client: httpx.AsyncClient) -> None:
    before = await listed(client)
    assert await register(client, model_id="bot") == before["bot"]
    assert await register(client, model_id="small", provider_id="fake") == before["small"]
    assert await listed(client) == before


async def test_the_same_name_once_more_changes_its_metadata_only(client: httpx.AsyncClient) -> None:
    await register(client, model_id="alias", provider_model_id="echo-1", metadata={"a": 1})
    again = await register(client, model_id="alias", provider_model_id="bot", metadata={"b": 2})
    assert again["metadata"] == {"context_length": 8192, "b": 2}
    refused = await register(client, 409, model_id="alias", provider_model_id="small")
    assert refused["error"]["code"] == "model_exists"
    assert (await client.get(f"{MODELS}/alias")).json() == again


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model_id": "x", "provider_id": "nobody", "provider_model_id": "bot"}, 404, "unknown_provider"),
        ({"model_id": "x", "provider_id": "bot", "provider_model_id": "gpt"}, 404, "unknown_model"),
        ({"model_id": "x", "provider_id": "bot", "provider_model_id": "echo-2"}, 404, "unknown_model"),
        ({"model_id": "x", "provider_model_id": "bot", "model_type": "embedding"}, 404, "unknown_model"),
        ({"model_id": "x", "provider_model_id": "small", "model_type": "llm"}, 404, "unknown_model"),
        ({"model_id": "nope"}, 404, "unknown_model"),
        (
            {"model_id": "x", "provider_model_id": "small", "metadata": {"embedding_dimension": 7}},
            400,
            "wrong_dimension",
        ),
        ({"model_id": "small", "provider_model_id": "bot"}, 409, "model_exists"),
        ({"model_id": "muniment/x", "provider_model_id": "bot"}, 400, "invalid_input"),
        ({"model_id": ""}, 400, "invalid_request"),
        ({"provider_model_id": "bot"}, 400, "invalid_request"),
    ],
)
async def test_what_cannot_be_registered_is_refused(
    client: httpx.AsyncClient, body: dict[str, object], status: int, code: str
) -> None:
    told = await register(client, status, **body)
    assert told["error"]["code"] == code
    assert "x" not in await listed(client)


async def test_the_dialect_tells_what_was_refused(client: httpx.AsyncClient) -> None:
    body = {"model_id": "x", "provider_id": "nobody"}
    response = await client.post(MODELS, json=body, headers=STACK_0222)
    assert response.status_code == 400
    assert "Unknown provider 'nobody'" in response.json()["detail"]


async def test_declared_models_and_collections_stay(client: httpx.AsyncClient) -> None:
    for name, status, code in (
        ("bot", 409, "model_declared"),
        ("small", 409, "model_declared"),
        ("muniment/docs", 409, "model_declared"),
        ("nope", 404, "unknown_model"),
    ):
        response = await client.delete(f"{MODELS}/{name}")
        assert (response.status_code, response.json()["error"]["code"]) == (status, code), name
