"""Prompts are kept in versions; a variable nobody declared is found before it is used."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

OPENAI = {"user-agent": "OpenAI/Python 3.0.0"}
OLD = {"x-llamastack-client-version": "0.2.22"}
LLAMA = {"x-llamastack-client-version": "0.3.5"}
OGX = {"x-ogx-client-version": "1.5.0"}
ANSWER: dict[str, Any] = {"prompt": "Answer {{ q }}", "variables": ["q"]}


async def created(served: httpx.AsyncClient) -> str:
    made = (await served.post("/v1/prompts", json=ANSWER)).json()
    assert re.fullmatch(r"pmpt_[0-9a-f]{48}", made["prompt_id"])
    assert (made["prompt"], made["version"], made["variables"]) == ("Answer {{ q }}", 1, ["q"])
    return str(made["prompt_id"])


async def test_versions_survive_a_restart(serve: Serve) -> None:
    async with serve() as served:
        prompt = await created(served)
        second = {"prompt": "Say {{ q }} and {{w}}", "variables": ["q", "w"], "version": 1}
        updated = (await served.post(f"/v1/prompts/{prompt}", json=second, headers=LLAMA)).json()
        assert (updated["version"], updated["is_default"]) == (2, True)
        third = {"prompt": "Shout", "version": 2, "set_as_default": False}
        put = (await served.put(f"/v1/prompts/{prompt}", json=third, headers=OGX)).json()
        assert (put["version"], put["is_default"], put["variables"]) == (3, False, [])
    async with serve() as served:
        path = f"/v1/prompts/{prompt}"
        assert (await served.get(path)).json()["version"] == 2
        assert (await served.get(f"{path}?version=1")).json()["prompt"] == "Answer {{ q }}"
        versions = (await served.get(f"{path}/versions")).json()["data"]
        assert [(one["version"], one["is_default"]) for one in versions] == [
            (1, False),
            (2, True),
            (3, False),
        ]
        for send, version in ((served.post, 1), (served.put, 3)):
            chosen = await send(f"{path}/set-default-version", json={"version": version})
            assert (chosen.json()["version"], chosen.json()["is_default"]) == (version, True)
        other = await created(served)
        listed = (await served.get("/v1/prompts")).json()["data"]
        assert [(one["prompt_id"], one["version"]) for one in listed] == [(other, 1), (prompt, 3)]
        assert (await served.delete(path)).status_code == 200
        assert (await served.get(path)).status_code == 404
        assert (await served.get(f"{path}/versions")).status_code == 404


async def test_an_undeclared_variable_is_refused_in_each_dialect(served: httpx.AsyncClient) -> None:
    body = {"prompt": "Answer {{ q }}"}
    own = await served.post("/v1/prompts", json=body, headers=OPENAI)
    assert (own.status_code, own.json()["error"]["code"]) == (400, "undeclared_variables")
    for headers in (OLD, LLAMA):
        stack = await served.post("/v1/prompts", json=body, headers=headers)
        assert stack.status_code == 400
        assert stack.json() == {
            "detail": {
                "errors": [
                    {
                        "loc": [],
                        "msg": "Value error, Prompt contains undeclared variables: ['q']",
                        "type": "value_error",
                    }
                ]
            }
        }
    other = await served.post("/v1/prompts", json=body, headers=OGX)
    assert other.status_code == 400
    assert "undeclared variables: ['q']" in other.json()["detail"]
    assert (await served.get("/v1/prompts")).json()["data"] == []


async def test_a_change_of_an_old_version_is_refused(served: httpx.AsyncClient) -> None:
    prompt = await created(served)
    await served.post(f"/v1/prompts/{prompt}", json={**ANSWER, "version": 1})
    again = await served.post(f"/v1/prompts/{prompt}", json={**ANSWER, "version": 1}, headers=OPENAI)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "prompt_changed")
    assert len((await served.get(f"/v1/prompts/{prompt}/versions")).json()["data"]) == 2


ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "", None),
    ("GET", "/versions", None),
    ("DELETE", "", None),
    ("POST", "", {**ANSWER, "version": 1}),
    ("PUT", "", {**ANSWER, "version": 1}),
    ("POST", "/set-default-version", {"version": 1}),
    ("PUT", "/set-default-version", {"version": 1}),
]


async def test_an_unknown_prompt_is_an_error_in_each_dialect(served: httpx.AsyncClient) -> None:
    for method, path, body in ROUTES:
        for headers, status in ((OPENAI, 404), (OLD, 400), (LLAMA, 400), (OGX, 404)):
            response = await served.request(
                method, f"/v1/prompts/pmpt_nope{path}", json=body, headers=headers
            )
            assert response.status_code == status, (method, path, headers)


async def test_an_unknown_version_is_an_error(served: httpx.AsyncClient) -> None:
    path = f"/v1/prompts/{await created(served)}"
    assert (await served.get(f"{path}?version=2")).status_code == 404
    assert (await served.post(f"{path}/set-default-version", json={"version": 2})).status_code == 404


async def test_what_is_no_prompt_is_refused(served: httpx.AsyncClient) -> None:
    bodies: list[dict[str, Any]] = [
        {}, {"prompt": 1}, {"prompt": "x", "variables": "q"}, {"prompt": "x", "variables": ["a b"]},
    ]  # fmt: skip
    for body in bodies:
        assert (await served.post("/v1/prompts", json=body, headers=OPENAI)).status_code == 400, body
    path = f"/v1/prompts/{await created(served)}"
    for version in (0, "x", None):
        refused = await served.post(path, json={**ANSWER, "version": version}, headers=OPENAI)
        assert refused.status_code == 400
