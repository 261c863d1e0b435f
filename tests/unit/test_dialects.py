"""Every request is served in the dialect its client expects, and none is turned away."""

import json
import logging
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request

from muniment.api.dialects.base import Dialect, Problem
from muniment.api.dialects.choice import (
    DIALECTS,
    LLAMA_STACK_HEADER,
    OGX_HEADER,
    REMEMBERED_VERSIONS,
    SPOKEN_AT,
    DialectChooser,
    dialect_of,
    narrowed,
    remember,
)
from muniment.api.errors import is_native
from muniment.errors import InputError, MunimentError, NotFoundError, UnavailableError
from muniment.settings import DialectName

L12, L22, L3, L7, OGX, OPENAI = (
    DialectName.LLAMA_STACK_0_2_12,
    DialectName.LLAMA_STACK_0_2_22,
    DialectName.LLAMA_STACK_0_3,
    DialectName.LLAMA_STACK_0_7,
    DialectName.OGX_1,
    DialectName.OPENAI,
)
CAPTURED = (L12, L22, L3, OGX, OPENAI)
ALL = (*CAPTURED, L7)
STORES = "/v1/vector_stores"
MISSING = (Problem(("body", "query"), "Field required", "missing"),)


def chosen(path: str = STORES, default: DialectName = OPENAI, **headers: str) -> DialectName:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return DialectChooser(default).choose(Headers(given), path).dialect.name


def body(dialect: Dialect, error: MunimentError, path: str) -> Any:
    return json.loads(bytes(dialect.error_response(error, path, "r1").body))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("0.1.9", L12),
        ("0.2.0", L12),
        ("0.2.12", L12),
        ("0.2.12rc1", L12),
        ("0.2.13", L22),
        ("0.2.22", L22),
        ("v0.2.99.dev1", L22),
        ("0.2", L22),
        ("0.3.0rc3", L3),
        ("0.3.5.1", L3),
        ("0.4.2.1", L7),
        ("0.7.0", L7),
        ("1.0", L7),
        ("main", L3),
        ("", L3),
    ],
)
def test_the_version_header_of_llama_stack_comes_first(version: str, expected: DialectName) -> None:
    assert chosen(x_llamastack_client_version=version, user_agent="OpenAI/Python 2.8.0") == expected


@pytest.mark.parametrize("version", ["1.5.0", "1.0", "0.9", "2.0.0", "main", ""])
def test_every_ogx_version_is_served_as_ogx(version: str) -> None:
    assert chosen("/v1/vector-dbs", x_ogx_client_version=version) == OGX


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("OpenAI/Python 2.8.0", OPENAI),
        ("AsyncOpenAI/Python 1.109.1", OPENAI),
        ("AsyncAzureOpenAI/Python 2.8.0", OPENAI),
        ("OpenAI/JS 6.1.0", OPENAI),
        ("LlamaStackClient/Python 0.2.12", L12),
        ("AsyncLlamaStackClient/Python 0.2.22", L22),
        ("LlamaStackClient/JS 0.3.1", L3),
        ("OgxClient/Python 1.5.0", OGX),
        ("OpenAPI-Generator/1.5.0/python", OGX),
        ("OpenAPI-Generator/1.0.0/java", L22),
        ("python-httpx/0.28.1", L22),
        ("", L22),
    ],
)
def test_without_a_version_header_the_client_says_who_it_is(agent: str, expected: DialectName) -> None:
    assert chosen("/v1/vector-dbs", user_agent=agent) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/vector-dbs", L22),
        ("/v1/vector-dbs/docs", L22),
        ("/v1/vector-dbs-of-mine", OPENAI),
        ("/v1/inference/chat-completion", L22),
        ("/v1/agents/a/session", L22),
        ("/v1/tool-runtime/rag-tool/query", L22),
        ("/v1/openai/v1/files", L22),
        ("/v1/vector-io/insert", L3),
        ("/v1alpha/agents", L3),
        ("/v1alpha/skills", OGX),
        ("/v1/vector_stores", OPENAI),
        ("/v1/nothing", OPENAI),
    ],
)
def test_a_client_that_says_nothing_is_known_by_its_path(path: str, expected: DialectName) -> None:
    assert chosen(path, user_agent="curl/8.5") == expected


@pytest.mark.parametrize("default", ALL)
def test_the_setting_decides_the_rest(default: DialectName) -> None:
    assert chosen(STORES, default) == default
    assert chosen("/v1/vector-dbs", default) == (default if default in (L12, L22) else L22)
    assert chosen("/v1/vector-io/insert", default) == (L3 if default == OPENAI else default)


@pytest.mark.parametrize("default", ALL)
def test_openais_client_gets_the_answers_of_the_server_that_is_stood_in_for(default: DialectName) -> None:
    agent = "OpenAI/Python 2.8.0"
    assert chosen(STORES, default, user_agent=agent) == default
    at_llama_stack = default if default in (L12, L22, L3, L7) else L22
    assert chosen(f"/v1/openai{STORES}", default, user_agent=agent) == at_llama_stack
    assert chosen("/v1/openai-of-mine", default, user_agent=agent) == default


def test_narrower_paths_are_looked_at_before_wider_ones() -> None:
    places = list(SPOKEN_AT)
    hidden = [
        (wide, place)
        for at, wide in enumerate(places)
        for place in places[at + 1 :]
        if place.startswith(f"{wide}/")
    ]
    assert hidden == []


def test_a_body_is_surer_than_a_path_and_less_sure_than_a_version() -> None:
    chooser = DialectChooser(OPENAI)
    for headers, expected in (({}, OGX), ({LLAMA_STACK_HEADER: "0.2.22"}, L22)):
        scope = {"type": "http", "state": {}}
        remember(scope, chooser.choose(Headers(headers), "/v1/vector-io/insert"))
        assert narrowed(Request(scope), OGX).name == expected
        assert dialect_of(scope).name == expected


@given(
    version=st.text(), path=st.text(), header=st.sampled_from([LLAMA_STACK_HEADER, OGX_HEADER, "user-agent"])
)
@example(version="9" * 5000 + ".1", path="/", header=LLAMA_STACK_HEADER)
@example(version="٣.٢.١", path="/v1/vector-dbs", header=LLAMA_STACK_HEADER)
@example(version="LlamaStackClient/", path="", header="user-agent")
def test_any_version_whatever_gets_a_dialect(version: str, path: str, header: str) -> None:
    raw = [(header.encode(), version.encode("utf-8", "surrogatepass"))]
    assert DialectChooser(OPENAI).choose(Headers(raw=raw), path).dialect.name in DIALECTS


def test_an_unknown_version_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    chooser = DialectChooser(OPENAI)
    for version in ("0.3.5", "0.9.1", "0.9.1", "0.9.1", "0.8\n" + "x" * 100):
        chooser.choose(Headers({LLAMA_STACK_HEADER: version}), STORES)
    first, second = (record.getMessage() for record in caplog.records)
    assert "'0.9.1', served as llama-stack-0.7" in first
    assert "\n" not in second
    assert len(second) < 120
    with caplog.at_level(logging.WARNING):
        for number in range(2 * REMEMBERED_VERSIONS):
            chooser.choose(Headers({OGX_HEADER: f"{number + 2}.0"}), STORES)
    assert len(caplog.records) == REMEMBERED_VERSIONS


@pytest.mark.parametrize(
    ("code", "path", "statuses"),
    [
        ("unknown_store", "/v1/vector_stores/x", (400, 400, 400, 400, 404)),
        ("unknown_store", "/v1/openai/v1/vector_stores/x/search", (400, 400, 400, 400, 404)),
        ("unknown_store", "/v1/vector-io/query", (400, 400, 400, 400, 404)),
        ("unknown_store", "/v1/vector-dbs/x", (400, 404, 400, 400, 404)),
        ("unknown_collection", "/v1/vector-dbs/x", (400, 404, 400, 400, 404)),
        ("unknown_model", "/v1/chat/completions", (400, 404, 404, 404, 404)),
        ("unknown_model", "/v1/vector_stores", (400, 404, 400, 400, 404)),
        ("unknown_model", "/v1/vector-dbs", (400, 404, 404, 404, 404)),
        ("unknown_file", "/v1/files/file-nope", (400, 404, 404, 400, 404)),
        ("unknown_file", "/v1/files/file-0123abcd", (400, 404, 404, 404, 404)),
        ("unknown_store_file", "/v1/vector_stores/x/files/file-0a", (400, 400, 400, 400, 404)),
        ("unknown_batch", "/v1/vector_stores/x/file_batches/b", (400, 400, 400, 400, 404)),
        ("unknown_response", "/v1/responses/resp-nope", (400, 400, 400, 404, 404)),
        ("unknown_prompt", "/v1/prompts/pmpt_nope", (400, 400, 400, 404, 404)),
        ("unknown_conversation", "/v1/conversations/conv_nope", (400, 400, 400, 400, 404)),
        ("unknown_conversation", f"/v1/conversations/conv_{'a' * 48}", (400, 400, 400, 404, 404)),
        ("unknown_provider", "/v1/providers/nope", (400, 400, 400, 400, 404)),
        ("unknown_route", "/v1/vector_stores/x/y/z", (404, 404, 404, 404, 404)),
        ("anything_else", "/v1/anything", (404, 404, 404, 404, 404)),
    ],
)
def test_what_is_unknown_has_the_status_that_the_clients_branch_on(
    code: str, path: str, statuses: tuple[int, ...]
) -> None:
    error = NotFoundError("Nope.", code=code)
    found = tuple(DIALECTS[name].error_response(error, path, "r1").status_code for name in CAPTURED)
    assert found == statuses


@pytest.mark.parametrize("name", (L12, L22, L3))
def test_llama_stack_tells_errors_as_detail(name: DialectName) -> None:
    dialect = DIALECTS[name]
    error = NotFoundError("Unknown model 'nope'.", code="unknown_model", hint="Known: one.")
    assert body(dialect, error, "/v1/chat/completions") == {"detail": "Unknown model 'nope'. Known: one."}
    response = dialect.validation_response(MISSING, InputError("query: required"), STORES, "r1")
    assert response.status_code == 400
    assert json.loads(bytes(response.body)) == {
        "error": {
            "detail": {"errors": [{"loc": ["body", "query"], "msg": "Field required", "type": "missing"}]}
        }
    }
    undeclared = InputError("Prompt contains undeclared variables: ['q']", code="undeclared_variables")
    assert body(dialect, undeclared, "/v1/prompts") == {
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


def test_ogx_tells_errors_as_message_and_on_some_routes_as_detail() -> None:
    dialect = DIALECTS[OGX]
    error = NotFoundError("Unknown model 'nope'.", code="unknown_model", hint="Known: one.")
    text = "Unknown model 'nope'. Known: one."
    assert body(dialect, error, "/v1/chat/completions") == {"error": {"message": text}}
    for path in (
        "/v1/responses",
        "/v1/prompts/x",
        "/v1/conversations/x/items",
        "/v1alpha/file-processors/process",
    ):
        assert body(dialect, error, path) == {"detail": text}
    assert body(dialect, NotFoundError("No route.", code="unknown_route"), "/v1/x") == {"detail": "No route."}
    response = dialect.validation_response(MISSING, InputError("query: required"), STORES, "r1")
    problem = "{'loc': ['body', 'query'], 'msg': 'Field required', 'type': 'missing'}"
    assert response.status_code == 400
    assert json.loads(bytes(response.body)) == {"error": {"message": f"{{'errors': [{problem}]}}"}}


def test_openai_tells_errors_in_four_fields() -> None:
    dialect = DIALECTS[OPENAI]
    error = NotFoundError("Unknown model 'nope'.", code="unknown_model", hint="Known: one.")
    found = {
        "message": "Unknown model 'nope'. Known: one.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "unknown_model",
    }
    assert body(dialect, error, "/v1/responses") == {"error": found}
    assert body(dialect, UnavailableError("Down."), "/v1/responses")["error"]["type"] == "server_error"


@pytest.mark.parametrize("name", ALL)
def test_no_dialect_loses_the_hint(name: DialectName) -> None:
    for code in ("too_large", "unknown_route", "undeclared_variables"):
        error = InputError("What failed.", code=code, hint="What to do.")
        assert "What to do." in DIALECTS[name].error_response(error, "/v1/prompts", "r1").body.decode()
        assert "What to do." in DIALECTS[name].stream_error(error).model_dump_json()


def test_small_differences_of_shape() -> None:
    queries = [DIALECTS[name].search_query(["pump"]) for name in CAPTURED]
    assert queries == ["pump", "pump", "pump", ["pump"], ["pump"]]
    assert [DIALECTS[name].insert_status for name in CAPTURED] == [200, 200, 200, 204, 200]
    assert [DIALECTS[name].names_are_ids for name in CAPTURED] == [True, False, False, False, False]
    pages = [DIALECTS[name].file_content_page("file-1", "p.txt", {"a": 1}, ["Pump."]) for name in CAPTURED]
    old = {
        "file_id": "file-1",
        "filename": "p.txt",
        "attributes": {"a": 1},
        "content": [{"type": "text", "text": "Pump."}],
    }
    page = {"object": "vector_store.file_content.page", "has_more": False, "next_page": None}
    more = {"embedding": None, "chunk_metadata": None, "metadata": None}
    assert [page.model_dump(mode="json") for page in pages] == [
        old,
        old,
        old,
        {**page, "data": [{"type": "text", "text": "Pump.", **more}]},
        {**page, "data": [{"type": "text", "text": "Pump."}]},
    ]


def test_native_paths_are_told_by_whole_parts() -> None:
    assert all(map(is_native, ("/", "/v1/answers", "/v1/collections/a/documents", "/v1/ready")))
    assert not any(map(is_native, ("/v1/searching", "/v1/vector_stores", "/x", "/v1/openai/v1/answers")))


def test_from_0_4_on_the_text_of_a_file_comes_in_a_page() -> None:
    page = DIALECTS[L7].file_content_page("file-1", "p.txt", {"a": 1}, ["Pump."]).model_dump()
    assert [part["text"] for part in page["data"]] == ["Pump."]
