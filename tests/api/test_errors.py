"""Every error has its dialect's shape, a stable code and something to do about it."""

import asyncio
import json
import logging

import httpx
import pytest
from fastapi import FastAPI

from muniment.api.app import create_app
from muniment.collections.workspace import Workspace
from muniment.errors import SettingsError
from muniment.settings import DialectName, Settings

ASK = "/v1/answers"
CHAT = "/v1/chat/completions"


def chat(question: str) -> dict[str, object]:
    return {"model": "muniment/handbook", "messages": [{"role": "user", "content": question}]}


def calling(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muniment")


def error(response: httpx.Response, status: int, code: str) -> dict[str, str]:
    assert response.status_code == status, response.text
    found: dict[str, str] = response.json()["error"]
    assert found["code"] == code
    assert found["request_id"] == response.headers["x-request-id"]
    return found


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"question": "", "collection": "handbook"}, 400, "question_empty", "empty"),
        ({"question": " \n\t", "collection": "handbook"}, 400, "question_empty", "empty"),
        ({"question": "x" * 501, "collection": "handbook"}, 400, "question_too_long", "501"),
        ({"question": "x" * 1024 * 1024, "collection": "handbook"}, 400, "question_too_long", "1048576"),
        ({"question": "x" * 3 * 1024 * 1024}, 413, "too_large", "2 MB"),
        ({"question": "leave", "collection": "handbok"}, 404, "unknown_collection", "handbok"),
        ({"question": "leave"}, 400, "collection_required", "2"),
        ({"collection": "handbook"}, 422, "invalid_request", "question: required"),
        ({"question": 7, "collection": "handbook"}, 422, "invalid_request", "got 7"),
        ({"question": "leave", "colection": "handbook"}, 422, "invalid_request", "colection: unknown field"),
        ({"question": "leave", "top_k": 0}, 422, "invalid_request", "top_k"),
        (
            {"question": "leave", "filter": {"type": "like", "key": "a", "value": 1}},
            400,
            "invalid_filter",
            "'like'; known are eq",
        ),
        ({"question": "leave", "filter": {"filters": []}}, 400, "invalid_filter", "has no `type`"),
        ({"question": "leave", "filter": {"team": None}}, 400, "invalid_filter", "filter.team must be text"),
        ({"question": "leave", "filter": "hr"}, 422, "invalid_request", "filter"),
        ([1, 2], 422, "invalid_request", "body"),
        ({"question": "UNREACHABLE", "collection": "handbook"}, 503, "generator_unavailable", "127.0.0.1"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(
    client: httpx.AsyncClient, body: object, status: int, code: str, says: str
) -> None:
    found = error(await client.post(ASK, json=body), status, code)
    assert says in found["message"]
    assert found["hint"]


async def test_a_body_that_is_not_json_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    found = error(await client.post(ASK, content=b'{"question": ', headers=headers), 400, "invalid_json")
    assert "character" in found["message"]
    error(await client.post(ASK, content=b'{"question": "x"}'), 422, "invalid_request")
    deep = b"[" * 100_000
    assert (await client.post(ASK, content=deep, headers=headers)).status_code in (400, 422)
    assert (await client.post(ASK, content=b"\xff\xfe{", headers=headers)).status_code in (400, 422)


async def test_a_body_without_a_stated_length_is_limited_too(client: httpx.AsyncClient) -> None:
    async def endless():  # type: ignore[no-untyped-def]
        for _ in range(64):
            yield b" " * 65536

    response = await client.post(ASK, content=endless(), headers={"Content-Type": "application/json"})
    error(response, 413, "too_large")


async def test_unknown_routes_and_methods_have_the_same_shape(client: httpx.AsyncClient) -> None:
    assert "/openapi.json" in error(await client.get("/v1/nothing"), 404, "unknown_route")["hint"]
    refused = await client.put(ASK, json={})
    assert "POST" in error(refused, 405, "method_not_allowed")["hint"]
    assert refused.headers["allow"] == "POST"


async def test_an_openai_client_can_read_that_a_route_is_unknown(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/nothing", json={"model": "x", "input": "y"})
    found = error(response, 404, "unknown_route")
    assert "/v1/nothing" in found["message"]
    assert "/openapi.json" in found["hint"]
    assert (found["type"], found["param"]) == ("invalid_request_error", None)


async def test_an_error_nobody_foresaw_is_logged_and_says_nothing_of_the_inside(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post(ASK, json={"question": "BUG", "collection": "handbook"})
    found = error(response, 500, "internal_error")
    assert "secret" not in response.text
    assert "/etc/muniment" in caplog.text
    assert found["request_id"] in caplog.text


async def test_a_stream_that_breaks_ends_with_an_error_event(client: httpx.AsyncClient) -> None:
    body = {"question": "BREAK leave", "collection": "handbook", "stream": True}
    response = await client.post(ASK, json=body)
    assert response.status_code == 200
    last = response.text.strip().split("\n\n")[-1]
    assert last.startswith("event: error\n")
    assert '"code":"generator_unavailable"' in last


async def test_a_stream_that_cannot_begin_has_its_own_status(client: httpx.AsyncClient) -> None:
    body = {"question": "UNREACHABLE", "collection": "handbook", "stream": True}
    error(await client.post(ASK, json=body), 503, "generator_unavailable")


async def test_request_ids_are_taken_over_only_when_harmless(client: httpx.AsyncClient) -> None:
    kept = await client.get("/v1/health", headers={"X-Request-Id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    made = await client.get("/v1/health", headers={"X-Request-Id": "a b<script>"})
    assert "script" not in made.headers["x-request-id"]


async def test_pages_of_other_sites_may_not_change_anything(client: httpx.AsyncClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    error(await client.post(ASK, json={"question": "leave"}, headers=foreign), 403, "cross_site_request")
    assert (await client.get("/v1/health", headers=foreign)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "gpt-4", "messages": [{"role": "user", "content": "x"}]}, 404, "unknown_model"),
        ({"model": "muniment/handbook", "messages": []}, 400, "question_empty"),
        ({"model": "muniment/handbook", "messages": [{"role": "system"}]}, 400, "question_empty"),
        ({"model": "muniment/handbook"}, 400, "invalid_request"),
        ({"messages": "x"}, 400, "invalid_request"),
        (chat("UNREACHABLE"), 503, "generator_unavailable"),
        (chat("BUG"), 500, "internal_error"),
    ],
)
async def test_openai_routes_have_openais_error_shape(
    client: httpx.AsyncClient, body: object, status: int, code: str
) -> None:
    response = await client.post(CHAT, json=body)
    assert response.status_code == status
    found = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["code"] == code
    assert found["type"] == ("server_error" if status >= 500 else "invalid_request_error")


LLAMA_STACK = {"X-LlamaStack-Client-Version": "0.3.5"}
OGX = {"X-OGX-Client-Version": "1.5.0"}


@pytest.mark.parametrize(("headers", "path"), [(LLAMA_STACK, ["detail"]), (OGX, ["error", "message"])])
async def test_clients_of_other_servers_can_read_their_errors(
    client: httpx.AsyncClient, headers: dict[str, str], path: list[str]
) -> None:
    async def told(method: str, where: str, status: int, body: object, path: list[str]) -> str:
        response = await client.request(method, where, json=body, headers=headers)
        assert response.status_code == status, response.text
        found = response.json()
        for key in path:
            assert list(found) == [key]
            found = found[key]
        assert isinstance(found, str)
        return found

    unknown = {**chat("x"), "model": "muniment/handbok"}
    assert "Did you mean 'muniment/handbook'?" in await told("POST", CHAT, 404, unknown, path)
    assert "127.0.0.1" in await told("POST", CHAT, 503, chat("UNREACHABLE"), path)
    assert "request id" in await told("POST", CHAT, 500, chat("BUG"), path)
    assert "2 MB" in await told("POST", CHAT, 413, chat("x" * 3 * 1024 * 1024), path)
    assert "/v1/nothing" in await told("GET", "/v1/nothing", 404, None, ["detail"])
    assert "GET" in await told("PUT", "/v1/models", 405, {}, ["detail"])


@pytest.mark.parametrize("headers", [LLAMA_STACK, OGX])
async def test_a_stream_that_breaks_tells_other_clients_too(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.post(CHAT, json={**chat("BREAK leave"), "stream": True}, headers=headers)
    last = response.text.strip().split("\n\n")[-1]
    assert list(json.loads(last.removeprefix("data: "))["error"]) == ["message"]


async def test_llama_stack_lists_what_is_wrong_with_a_body(client: httpx.AsyncClient) -> None:
    response = await client.post(CHAT, json={"model": "muniment/handbook"}, headers=LLAMA_STACK)
    problem = {"loc": ["body", "messages"], "msg": "Field required", "type": "missing"}
    assert (response.status_code, response.json()) == (400, {"error": {"detail": {"errors": [problem]}}})
    headers = {**LLAMA_STACK, "Content-Type": "application/json"}
    broken = await client.post(CHAT, content=b'{"model": ', headers=headers)
    assert broken.status_code == 400
    assert broken.json()["error"]["detail"]["errors"][0]["type"] == "json_invalid"


async def test_ogx_prints_what_is_wrong_with_a_body(client: httpx.AsyncClient) -> None:
    response = await client.post(CHAT, json={"model": "muniment/handbook"}, headers=OGX)
    problem = "{'loc': ['body', 'messages'], 'msg': 'Field required', 'type': 'missing'}"
    expected = {"error": {"message": f"{{'errors': [{problem}]}}"}}
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize("headers", [LLAMA_STACK, OGX])
async def test_our_own_routes_answer_every_client_alike(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    response = await client.post(ASK, json={"question": "x", "collection": "handbok"}, headers=headers)
    error(response, 404, "unknown_collection")
    error(await client.put(ASK, json={}, headers=headers), 405, "method_not_allowed")
    error(await client.post(ASK, json={}, headers=headers), 422, "invalid_request")


@pytest.mark.parametrize("version", ["0.1.0", "0.2.5", "0.9.9", "17.0", "x"])
async def test_no_client_is_turned_away_for_its_version(client: httpx.AsyncClient, version: str) -> None:
    for header in (*LLAMA_STACK, *OGX):
        assert (await client.get("/v1/models", headers={header: version})).status_code == 200


async def test_the_setting_decides_for_clients_that_say_nothing(settings: Settings) -> None:
    async def never() -> Workspace:
        await asyncio.Event().wait()
        raise AssertionError

    server = settings.server.model_copy(update={"dialect": DialectName.LLAMA_STACK_0_2_12})
    app = create_app(never, settings.model_copy(update={"server": server}))
    async with app.router.lifespan_context(app), calling(app) as client:
        assert list((await client.get("/v1/nothing")).json()) == ["detail"]
        assert list((await client.get("/v1/models")).json()) == ["detail"]
        openai = {"User-Agent": "OpenAI/Python 2.8.0"}
        # An application that used this server's peer through OpenAI's client expects the peer's answers.
        assert list((await client.get("/v1/models", headers=openai)).json()) == ["detail"]


async def test_while_opening_only_health_and_ready_answer(settings: Settings) -> None:
    async def never() -> Workspace:
        await asyncio.Event().wait()
        raise AssertionError

    app = create_app(never, settings)
    async with app.router.lifespan_context(app), calling(app) as client:
        assert (await client.get("/v1/health")).status_code == 200
        ready = await client.get("/v1/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        error(await client.get("/v1/collections"), 503, "starting")


async def test_a_workspace_that_cannot_open_says_why(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing() -> Workspace:
        raise SettingsError("No such model 'x'.", code="unknown_model", hint="Name another.")

    caplog.set_level(logging.ERROR)
    app = create_app(failing, settings)
    async with app.router.lifespan_context(app):
        with pytest.raises(SettingsError):
            await app.state.opening.wait()
        async with calling(app) as client:
            ready = (await client.get("/v1/ready")).json()
            told = {"detail": "No such model 'x'.", "hint": "Name another."}
            assert ready["checks"] == [{"name": "workspace", "ok": False, **told, "needed": True}]
            error(await client.get("/v1/collections"), 503, "unknown_model")
