"""Batches: a file of requests, answered into another."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from muniment.settings import Settings

CHAT = "/v1/chat/completions"
ASKED = {"model": "fake", "messages": [{"role": "user", "content": "Hello"}]}
ENDED = ("completed", "failed", "cancelled")


@pytest.fixture
def settings_of(settings_of: Callable[..., Settings]) -> Callable[..., Settings]:
    """The settings with language models that are fakes."""
    generators = {"fake": {"provider": "fake"}, "broken": {"provider": "fake", "fail_after": 0}}
    return lambda **changes: settings_of(**{"generators": generators, **changes})


def line(custom_id: str = "a", url: str = CHAT, **body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": {**ASKED, **body}}


async def uploaded(served: httpx.AsyncClient, *lines: object) -> str:
    text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
    form = {"files": {"file": ("in.jsonl", text)}, "data": {"purpose": "batch"}}
    return str((await served.post("/v1/files", **form)).json()["id"])  # type: ignore[arg-type]


async def begun(served: httpx.AsyncClient, file_id: str, **changes: Any) -> dict[str, Any]:
    asked = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h", **changes}
    made: dict[str, Any] = (await served.post("/v1/batches", json=asked)).json()
    return made


async def ended(served: httpx.AsyncClient, batch_id: str) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while True:
            batch: dict[str, Any] = (await served.get(f"/v1/batches/{batch_id}")).json()
            if batch["status"] in ENDED:
                return batch
            await asyncio.sleep(0.01)


async def test_requests_are_answered_into_a_file(served: httpx.AsyncClient) -> None:
    wrong = line("b", messages=[{"rolez": "user"}])
    batch = await begun(served, await uploaded(served, line("a"), "", wrong, line("c")), metadata={"k": "v"})
    assert (batch["object"], batch["status"], batch["metadata"]) == ("batch", "validating", {"k": "v"})
    batch = await ended(served, batch["id"])
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    files = [batch["output_file_id"], batch["error_file_id"]]
    texts = [(await served.get(f"/v1/files/{one}/content")).text for one in files]
    good, bad = [[json.loads(one) for one in text.splitlines()] for text in texts]
    assert [one["custom_id"] for one in good] == ["a", "c"]
    assert all(one["response"]["body"]["choices"] for one in good)
    assert [(one["custom_id"], one["response"]["status_code"]) for one in bad] == [("b", 400)]
    assert bad[0]["error"]["message"]
    assert [one["id"] for one in (await served.get("/v1/batches")).json()["data"]] == [batch["id"]]
    refused = await served.post(f"/v1/batches/{batch['id']}/cancel")
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("lines", "code", "number", "param"),
    [
        ((line(), "{no json"), "invalid_json_line", 2, None),
        (("[]",), "invalid_request", 1, None),
        (({**line(), "custom_id": None},), "missing_required_parameter", 1, "custom_id"),
        (({**line(), "body": "x"},), "invalid_request", 1, "body"),
        (({**line(), "method": "GET"},), "invalid_method", 1, "method"),
        ((line(url="/v1/embeddings"),), "invalid_url", 1, "url"),
        ((line(stream=True),), "streaming_unsupported", 1, "body.stream"),
        ((line(messages=None),), "invalid_request", 1, "body.messages"),
        ((line(model="nope"),), "model_not_found", 1, "body.model"),
        ((line(), line()), "duplicate_custom_id", 2, "custom_id"),
        (("",), "empty_file", None, None),
    ],
)
async def test_a_wrong_line_fails_the_batch(
    served: httpx.AsyncClient, lines: tuple[object, ...], code: str, number: int | None, param: str | None
) -> None:
    batch = await begun(served, await uploaded(served, *lines, ""))
    batch = await ended(served, batch["id"])
    assert batch["status"] == "failed"
    told = [(one["code"], one["line"], one["param"]) for one in batch["errors"]["data"]]
    assert told == [(code, number, param)]
    assert batch["failed_at"] >= batch["created_at"]


async def test_a_file_that_is_not_there_fails_the_batch(served: httpx.AsyncClient) -> None:
    batch = await begun(served, "file-nope")
    assert "Cannot find file" in (await ended(served, batch["id"]))["errors"]["data"][0]["message"]


async def test_a_batch_is_stopped(served: httpx.AsyncClient) -> None:
    batch = await begun(served, await uploaded(served, *[line(str(n)) for n in range(200)]))
    stopping = (await served.post(f"/v1/batches/{batch['id']}/cancel")).json()
    assert stopping["status"] == "cancelling"
    stopped = await ended(served, batch["id"])
    assert (stopped["status"], stopped["cancelled_at"] >= stopped["cancelling_at"]) == ("cancelled", True)
    assert (await served.post(f"/v1/batches/{batch['id']}/cancel")).json()["status"] == "cancelled"


async def test_asking_again_with_a_key_gives_the_same_batch(served: httpx.AsyncClient) -> None:
    made = [await begun(served, "file-nope", idempotency_key="k") for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    other = await begun(served, "file-other", idempotency_key="k")
    assert other["error"]["code"] == "idempotency_conflict"


@pytest.mark.parametrize(
    "wrong", [{"endpoint": "/v1/files"}, {"completion_window": "1h"}, {"metadata": {"a": []}}]
)
async def test_what_cannot_be_a_batch_is_refused(served: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert "error" in await begun(served, "file-x", **wrong)
    assert (await served.get("/v1/batches/nope")).status_code == 404
