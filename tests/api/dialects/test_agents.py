"""Agents of Llama Stack: what a client is streamed and gets back, with a language model and without."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tool_server import ToolServer, tool_server

from muniment.agents.evidence import EvidenceCheck
from muniment.agents.values import FoundPassage
from muniment.types import AnswerVerdict, ClaimVerdict

Json = dict[str, Any]
Open = Callable[..., AbstractAsyncContextManager["Server"]]

ECHO = {"generators": {"echo": {"provider": "fake"}}}
V02 = {"X-LlamaStack-Client-Version": "0.2.22"}
SEARCH = {"name": "builtin::rag/knowledge_search", "args": {"vector_db_ids": ["docs"]}}
WEATHER = {
    "name": "weather",
    "description": "The weather in a city",
    "parameters": [{"name": "city", "parameter_type": "str", "description": "Which city", "required": True}],
}
QUESTION = "How many days of paid leave do employees receive?"


class Server:
    """Speaks to a server about its agents."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, path: str, body: Json | None = None, *, status: int = 200) -> Any:
        response = await self.client.request(method, f"/v1/agents{path}", json=body)
        assert response.status_code == status, response.text
        return response.json()

    async def agent(self, model: str = "echo", **config: Any) -> str:
        config = {"model": model, "instructions": "Be brief.", **config}
        return str((await self.call("POST", "", {"agent_config": config}))["agent_id"])

    async def session(self, agent_id: str) -> str:
        made = await self.call("POST", f"/{agent_id}/session", {"session_name": "first"})
        return str(made["session_id"])

    async def begun(self, model: str = "echo", **config: Any) -> str:
        """The path of a new session's turns."""
        agent_id = await self.agent(model, **config)
        return f"/{agent_id}/session/{await self.session(agent_id)}/turn"

    async def ask(self, turns: str, question: str, *, status: int = 200, **more: Any) -> Json:
        body = {"messages": [{"role": "user", "content": question}], **more}
        asked: Json = await self.call("POST", turns, body, status=status)
        return asked

    async def stream(self, path: str, body: Json) -> list[Json]:
        """The payloads of the events."""
        response = await self.client.post(f"/v1/agents{path}", json={**body, "stream": True})
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.text.split("\n") if line and not line.startswith(":")]
        assert all(line.startswith("data: ") for line in lines)
        sent = [json.loads(line.removeprefix("data: ")) for line in lines]
        return [one["event"]["payload"] if "event" in one else one for one in sent]


@pytest.fixture
def open_server(serve: Any) -> Open:
    @asynccontextmanager
    async def opened(headers: dict[str, str] = V02, **changes: Any) -> AsyncIterator[Server]:
        changed = {"vector_store": {"provider": "fake"}, **(changes or ECHO)}
        async with serve(headers=headers, **changed) as client:
            yield Server(client)

    return opened


@pytest.fixture
async def server(open_server: Open) -> AsyncIterator[Server]:
    async with open_server() as opened:
        yield opened


@pytest.fixture
def two_collections(tmp_path: Path) -> Json:
    """One with documents, one without."""
    docs = {"sources": str(tmp_path / "docs"), "embedding_model": "small"}
    return {"collections": {"docs": docs, "empty": {"embedding_model": "small"}}}


@pytest.fixture
async def without_model(open_server: Open) -> AsyncIterator[Server]:
    """A stack that has no language model: answers are quoted, and checked."""
    async with open_server(generators={}) as opened:
        yield opened


def question(text: str = QUESTION) -> Json:
    return {"messages": [{"role": "user", "content": text}]}


def kinds(payloads: list[Json]) -> list[str]:
    """Event types with the step's type, repeated progress once."""
    names = [f"{payload['event_type']} {payload.get('step_type', '')}".strip() for payload in payloads]
    return [name for name, _ in groupby(names)]


def streamed_text(payloads: list[Json]) -> str:
    deltas = [p["delta"] for p in payloads if p.get("event_type") == "step_progress"]
    return "".join(delta["text"] for delta in deltas if delta["type"] == "text")


TOOL = ["step_start tool_execution", "step_progress tool_execution", "step_complete tool_execution"]
INFERENCE = ["step_start inference", "step_progress inference", "step_complete inference"]


# -- agents and sessions


async def test_an_agent_is_kept_as_it_was_made(server: Server) -> None:
    agent_id = await server.agent(toolgroups=[SEARCH], client_tools=[WEATHER], max_infer_iters=4)
    agent = await server.call("GET", f"/{agent_id}")
    assert agent["agent_id"] == agent_id
    assert agent["agent_config"]["toolgroups"] == [SEARCH]
    assert agent["agent_config"]["max_infer_iters"] == 4
    assert agent["agent_config"]["client_tools"][0]["parameters"][0]["parameter_type"] == "str"
    assert [one["agent_id"] for one in (await server.call("GET", ""))["data"]] == [agent_id]


async def test_lists_come_in_pages(server: Server) -> None:
    made = [await server.agent() for _ in range(3)]
    page = await server.call("GET", "?start_index=1&limit=1")
    assert ([one["agent_id"] for one in page["data"]], page["has_more"]) == (made[1:2], True)
    sessions = [await server.session(made[0]) for _ in range(2)]
    page = await server.call("GET", f"/{made[0]}/sessions?limit=-1")
    assert [one["session_id"] for one in page["data"]] == sessions
    assert not page["has_more"]


async def test_deleting_an_agent_deletes_its_sessions(server: Server) -> None:
    agent_id = await server.agent()
    session_id = await server.session(agent_id)
    await server.ask(f"/{agent_id}/session/{session_id}/turn", "Hello")
    assert await server.call("DELETE", f"/{agent_id}") is None
    error = await server.call("GET", f"/{agent_id}/session/{session_id}", status=400)
    assert "Unknown agent" in error["detail"]


async def test_the_routes_are_below_v1alpha_too(server: Server) -> None:
    agent_id = await server.agent()
    response = await server.client.get(f"/v1alpha/agents/{agent_id}")
    assert response.json()["agent_id"] == agent_id


# -- turns with a language model


async def test_the_stores_are_searched_before_the_model_answers(server: Server) -> None:
    turns = await server.begun(toolgroups=[SEARCH])
    payloads = await server.stream(turns, question())
    assert kinds(payloads) == ["turn_start", *TOOL, *INFERENCE, "turn_complete"]
    turn = payloads[-1]["turn"]
    searched, inferred = turn["steps"]
    assert searched["tool_calls"][0]["tool_name"] == "knowledge_search"
    assert searched["tool_calls"][0]["arguments"] == {"query": QUESTION}
    response = searched["tool_responses"][0]
    assert response["call_id"] == searched["tool_calls"][0]["call_id"]
    assert "28 days of paid leave" in json.dumps(response["content"])
    assert set(response["metadata"]["vector_db_ids"]) == {"docs"}
    assert (
        streamed_text(payloads) == inferred["model_response"]["content"] == turn["output_message"]["content"]
    )
    assert turn["output_message"]["stop_reason"] == "end_of_turn"


async def test_what_the_model_says_of_the_stores_is_held_against_them(server: Server) -> None:
    turn = await server.ask(await server.begun(toolgroups=[SEARCH]), QUESTION)
    evidence = turn["output_message"]["muniment"]
    assert evidence["collection"] == "docs"
    assert evidence["text"] == turn["output_message"]["content"]
    assert len(evidence["looked_at"]) == len(turn["steps"][0]["tool_responses"][0]["metadata"]["chunks"])


async def test_a_statement_that_the_stores_carry_is_proved_and_another_is_not(open_app: Any) -> None:
    async with open_app() as app:
        workspace = app.state.opening.workspace
        result = await workspace.search("docs", QUESTION, limit=3)
        found = [FoundPassage("docs", "docs", passage) for passage in result.passages]
        number = [one.passage.document_name for one in found].index("leave.txt") + 1
        text = (
            f"Employees receive 28 days of paid leave a year [{number}]. The canteen opens late [{number}]."
        )
        answer = await EvidenceCheck(workspace).answer(QUESTION, text, found, "echo")
        assert [claim.verdict for claim in answer.claims] == [
            ClaimVerdict.SUPPORTED,
            ClaimVerdict.UNSUPPORTED,
        ]
        assert answer.verdict is AnswerVerdict.PARTLY_GROUNDED
        assert answer.text == text
        assert await EvidenceCheck(workspace).answer(QUESTION, text, [], "echo") is None


async def test_without_tools_the_model_only_answers(server: Server) -> None:
    payloads = await server.stream(await server.begun(), question("Good morning"))
    assert kinds(payloads) == ["turn_start", *INFERENCE, "turn_complete"]
    assert streamed_text(payloads) == "Good morning"
    assert payloads[-1]["turn"]["output_message"]["muniment"] is None


async def test_the_model_may_search_in_its_own_words(server: Server) -> None:
    turns = await server.begun(toolgroups=[SEARCH], client_tools=[WEATHER])
    asked = 'CALL knowledge_search {"query": "code E-417"}'
    payloads = await server.stream(turns, question(asked))
    assert kinds(payloads) == ["turn_start", *INFERENCE, *TOOL, *INFERENCE, "turn_complete"]
    turn = payloads[-1]["turn"]
    assert turn["steps"][0]["model_response"]["tool_calls"][0]["arguments"] == {"query": "code E-417"}
    assert "pump runs dry" in turn["output_message"]["content"]


async def test_a_turn_waits_for_the_clients_tools_and_goes_on(server: Server) -> None:
    turns = await server.begun(client_tools=[WEATHER])
    payloads = await server.stream(turns, question('CALL weather {"city": "Bonn"}'))
    assert kinds(payloads) == ["turn_start", *INFERENCE, "turn_awaiting_input"]
    waiting = payloads[-1]["turn"]
    assert waiting["output_message"]["stop_reason"] == "end_of_message"
    (call,) = waiting["output_message"]["tool_calls"]
    assert (call["tool_name"], call["arguments"]) == ("weather", {"city": "Bonn"})
    assert json.loads(call["arguments_json"]) == {"city": "Bonn"}

    answered = {"call_id": call["call_id"], "tool_name": "weather", "content": "Rain."}
    path = f"{turns}/{waiting['turn_id']}"
    payloads = await server.stream(f"{path}/resume", {"tool_responses": [answered]})
    assert kinds(payloads) == ["step_complete tool_execution", *INFERENCE, "turn_complete"]
    turn = payloads[-1]["turn"]
    assert [step["step_type"] for step in turn["steps"]] == ["inference", "tool_execution", "inference"]
    assert turn["steps"][1]["tool_responses"][0]["content"] == "Rain."
    assert "Rain." in turn["output_message"]["content"]
    assert turn == await server.call("GET", path)


async def test_only_the_calls_that_a_turn_waits_for_can_be_answered(server: Server) -> None:
    turns = await server.begun(client_tools=[WEATHER])
    waiting = await server.ask(turns, 'CALL weather {"city": "Bonn"}')
    path = f"{turns}/{waiting['turn_id']}/resume"
    wrong = {"call_id": "call_other", "tool_name": "weather", "content": "Rain."}
    error = await server.call("POST", path, {"tool_responses": [wrong]}, status=400)
    assert waiting["output_message"]["tool_calls"][0]["call_id"] in error["detail"]
    await server.call("POST", path, {"tool_responses": []}, status=400)


async def test_a_client_that_reads_calls_from_the_text_may_answer_them(server: Server) -> None:
    turns = await server.begun()
    turn = await server.ask(turns, "Thought: I need the weather.")
    answered = {"call_id": "mine", "tool_name": "weather", "content": "Rain."}
    resumed = await server.call("POST", f"{turns}/{turn['turn_id']}/resume", {"tool_responses": [answered]})
    assert "Rain." in resumed["output_message"]["content"]


async def test_a_turn_that_others_have_followed_is_over(server: Server) -> None:
    turns = await server.begun(client_tools=[WEATHER])
    waiting = await server.ask(turns, 'CALL weather {"city": "Bonn"}')
    await server.ask(turns, "Never mind.")
    call = waiting["output_message"]["tool_calls"][0]
    answered = {"call_id": call["call_id"], "tool_name": "weather", "content": "Rain."}
    path = f"{turns}/{waiting['turn_id']}/resume"
    await server.call("POST", path, {"tool_responses": [answered]}, status=409)


async def test_the_model_stops_after_as_many_inferences_as_it_may_make(server: Server) -> None:
    turns = await server.begun(toolgroups=[SEARCH], client_tools=[WEATHER], max_infer_iters=1)
    turn = await server.ask(turns, 'CALL knowledge_search {"query": "leave"}')
    assert [step["step_type"] for step in turn["steps"]] == ["inference"]
    assert turn["output_message"]["stop_reason"] == "end_of_turn"


async def test_documents_of_a_turn_reach_the_model(server: Server) -> None:
    turns = await server.begun()
    documents = [
        {"content": "The gate opens at 7.", "mime_type": "text/plain"},
        {"content": {"uri": "data:text/plain;base64,SXQgY2xvc2VzIGF0IDku"}, "mime_type": "text/plain"},
        {"content": {"type": "text", "text": "Bring a badge."}, "mime_type": "text/markdown"},
    ]
    turn = await server.ask(turns, "When?", documents=documents)
    said = turn["output_message"]["content"]
    assert [text in said for text in ("opens at 7", "closes at 9", "a badge")] == [True] * 3
    assert turn["input_messages"] == [{"role": "user", "content": "When?", "context": None}]


@pytest.mark.parametrize(
    "document",
    [
        {"content": {"uri": "http://127.0.0.1:9/secret"}, "mime_type": "text/plain"},
        {"content": {"uri": "data:text/plain;base64,%%%"}, "mime_type": "text/plain"},
        {"content": "%PDF-1.7", "mime_type": "application/pdf"},
        {"content": {"type": "image", "image": {"data": "aGk="}}, "mime_type": "text/plain"},
    ],
)
async def test_other_documents_are_refused(server: Server, document: Json) -> None:
    error = await server.ask(await server.begun(), "When?", documents=[document], status=400)
    assert "document of the turn" in error["detail"]


async def test_a_turn_may_have_tool_groups_of_its_own(server: Server) -> None:
    turns = await server.begun()
    turn = await server.ask(turns, QUESTION, toolgroups=[SEARCH])
    assert [step["step_type"] for step in turn["steps"]] == ["tool_execution", "inference"]
    turn = await server.ask(turns, QUESTION)
    assert [step["step_type"] for step in turn["steps"]] == ["inference"]


async def test_a_tool_choice_of_none_leaves_the_stores_alone(server: Server) -> None:
    turns = await server.begun(toolgroups=[SEARCH])
    turn = await server.ask(turns, QUESTION, tool_config={"tool_choice": "none"})
    assert [step["step_type"] for step in turn["steps"]] == ["inference"]


async def test_several_stores_are_searched_together(open_server: Open, two_collections: Json) -> None:
    async with open_server(**ECHO, **two_collections) as server:
        both = [{"name": "builtin::rag", "args": {"vector_store_ids": ["docs", "empty", "docs"]}}]
        turn = await server.ask(await server.begun(toolgroups=both), QUESTION)
        metadata = turn["steps"][0]["tool_responses"][0]["metadata"]
        assert len(metadata["chunks"]) == len(set(metadata["chunks"])) > 0
        turn = await server.ask(await server.begun("extractive", toolgroups=both), QUESTION)
        assert turn["output_message"]["muniment"]["verdict"] == "grounded"


async def test_which_store_is_meant_must_be_said_where_there_are_several(
    open_server: Open, two_collections: Json
) -> None:
    async with open_server(**ECHO, **two_collections) as server:
        turns = await server.begun(toolgroups=["builtin::rag"])
        error = await server.ask(turns, QUESTION, stream=True, status=400)
        assert "docs, empty" in error["detail"]


async def test_the_only_store_need_not_be_named(server: Server) -> None:
    turn = await server.ask(await server.begun(toolgroups=["builtin::rag"]), QUESTION)
    assert turn["steps"][0]["tool_responses"][0]["metadata"]["vector_db_ids"][0] == "docs"


async def test_from_0_3_on_arguments_are_text(open_server: Open) -> None:
    async with open_server(headers={"X-LlamaStack-Client-Version": "0.3.5"}) as server:
        turn = await server.ask(await server.begun(toolgroups=[SEARCH]), QUESTION)
    assert json.loads(turn["steps"][0]["tool_calls"][0]["arguments"]) == {"query": QUESTION}


# -- turns without a language model


@pytest.mark.parametrize("model", ["muniment/docs", "muniment/docs@extractive", "extractive", "llama-3"])
async def test_answers_are_quoted_and_checked(without_model: Server, model: str) -> None:
    turns = await without_model.begun(model, toolgroups=[SEARCH])
    payloads = await without_model.stream(turns, question())
    assert kinds(payloads) == ["turn_start", *TOOL, *INFERENCE, "turn_complete"]
    message = payloads[-1]["turn"]["output_message"]
    assert message["muniment"]["verdict"] == "grounded"
    assert "28 days of paid leave" in message["content"]
    assert "leave.txt" in message["content"]
    assert streamed_text(payloads) == message["content"]


async def test_a_collection_is_its_own_store(server: Server) -> None:
    turn = await server.ask(await server.begun("muniment/docs"), QUESTION)
    assert turn["output_message"]["muniment"]["verdict"] == "grounded"
    assert turn["steps"][0]["tool_responses"][0]["metadata"]["vector_db_ids"][0] == "docs"


async def test_what_the_stores_do_not_say_is_not_answered(without_model: Server) -> None:
    turn = await without_model.ask(await without_model.begun("muniment/docs"), "Who won the regatta in 1931?")
    assert turn["output_message"]["muniment"]["verdict"] == "abstained"


async def test_documents_need_a_language_model(without_model: Server) -> None:
    documents = [{"content": "The gate opens at 7.", "mime_type": "text/plain"}]
    turns = await without_model.begun("muniment/docs")
    await without_model.ask(turns, "When?", documents=documents, status=501)


# -- kept


async def test_everything_survives_a_restart(open_server: Open) -> None:
    async with open_server(**ECHO, vector_store={"provider": "milvus"}) as server:
        turns = await server.begun(toolgroups=[SEARCH], client_tools=[WEATHER])
        done = await server.ask(turns, 'CALL knowledge_search {"query": "code E-417"}')
        waiting = await server.ask(turns, 'CALL weather {"city": "Bonn"}')
        before = await server.call("GET", turns.removesuffix("/turn"))
    assert [turn["turn_id"] for turn in before["turns"]] == [done["turn_id"], waiting["turn_id"]]
    async with open_server(**ECHO, vector_store={"provider": "milvus"}) as server:
        assert await server.call("GET", turns.removesuffix("/turn")) == before
        only = await server.call("GET", f"{turns.removesuffix('/turn')}?turn_ids={done['turn_id']},none")
        assert only["turns"] == [done]
        step = done["steps"][1]
        path = f"{turns}/{done['turn_id']}/step/{step['step_id']}"
        assert await server.call("GET", path) == {"step": step}
        call = waiting["output_message"]["tool_calls"][0]
        answered = {"call_id": call["call_id"], "tool_name": "weather", "content": "Rain."}
        path = f"{turns}/{waiting['turn_id']}/resume"
        resumed = await server.call("POST", path, {"tool_responses": [answered]})
    assert "Rain." in resumed["output_message"]["content"]


# -- what cannot be


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"input_shields": ["guard"]}, "Unknown shield 'guard'"),
        ({"output_shields": ["guard"]}, "Unknown shield 'guard'"),
        ({"toolgroups": ["builtin::websearch"]}, "Unknown tool group 'builtin::websearch'"),
        ({"toolgroups": [{"name": "builtin::rag", "args": {"vector_db_ids": 5}}]}, "vector_db_ids"),
        ({"client_tools": [WEATHER, WEATHER]}, "two tools named 'weather'"),
        ({"client_tools": [{"name": "knowledge_search"}]}, "two tools named 'knowledge_search'"),
    ],
)
async def test_an_agent_that_could_not_work_is_not_made(server: Server, config: Json, said: str) -> None:
    body = {"agent_config": {"model": "echo", "instructions": "", **config}}
    error = await server.call("POST", "", body, status=400)
    assert said in error["detail"]


async def test_grammars_are_not_offered(server: Server) -> None:
    config = {"model": "echo", "instructions": "", "response_format": {"type": "grammar", "bnf": {}}}
    await server.call("POST", "", {"agent_config": config}, status=501)


async def test_a_schema_shapes_the_answer(server: Server) -> None:
    schema = {"type": "object", "properties": {"days": {"type": "string"}}}
    turns = await server.begun(response_format={"type": "json_schema", "json_schema": schema})
    turn = await server.ask(turns, "28")
    assert json.loads(turn["output_message"]["content"]) == {"days": "28"}


@pytest.mark.parametrize(
    ("version", "model", "stores", "status"),
    [
        ("0.2.12", "gpt-9", ["docs"], 400),
        ("0.2.22", "gpt-9", ["docs"], 404),
        ("0.2.22", "muniment/nothing", ["docs"], 404),
        ("0.2.22", "muniment/docs@nobody", ["docs"], 404),
        ("0.2.22", "echo", ["nothing"], 400),
        ("0.2.22", "muniment/docs", ["nothing"], 400),
    ],
)
async def test_unknown_models_and_stores_are_told_before_anything_streams(
    open_server: Open, version: str, model: str, stores: list[str], status: int
) -> None:
    async with open_server(headers={"X-LlamaStack-Client-Version": version}) as server:
        groups = [{"name": "builtin::rag", "args": {"vector_db_ids": stores}}]
        turns = await server.begun(model, toolgroups=groups)
        error = await server.ask(turns, QUESTION, stream=True, status=status)
        assert "Unknown" in error["detail"]


async def test_a_failing_model_ends_the_stream_with_an_error_and_keeps_no_turn(open_server: Open) -> None:
    broken = {"echo": {"provider": "fake", "fail_after": 1}}
    async with open_server(generators=broken) as server:
        turns = await server.begun(toolgroups=[SEARCH])
        payloads = await server.stream(turns, question())
        assert list(payloads[-1]) == ["error"]
        assert "failed after 1 pieces" in payloads[-1]["error"]["message"]
        await server.ask(turns, QUESTION, status=503)
        assert (await server.call("GET", turns.removesuffix("/turn")))["turns"] == []


async def test_what_is_not_there_is_told_in_the_clients_dialect(server: Server) -> None:
    agent_id = await server.agent()
    other = await server.agent()
    session_id = await server.session(agent_id)
    turns = f"/{agent_id}/session/{session_id}/turn"
    turn = await server.ask(turns, "Hello")
    for method, path in (
        ("GET", "/nobody"),
        ("DELETE", "/nobody"),
        ("GET", "/nobody/sessions"),
        ("GET", f"/{agent_id}/session/none"),
        ("DELETE", f"/{agent_id}/session/none"),
        ("GET", f"/{other}/session/{session_id}"),
        ("GET", f"{turns}/none"),
        ("GET", f"{turns}/{turn['turn_id']}/step/none"),
    ):
        error = await server.call(method, path, status=400)
        assert error["detail"], path


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": "hello"},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": "x"}], "documents": [{"content": "x"}]},
    ],
)
async def test_a_turn_of_the_wrong_shape_is_refused(server: Server, body: Json) -> None:
    error = await server.call("POST", await server.begun(), body, status=400)
    assert error["error"]["detail"]["errors"]


@pytest.mark.parametrize("part", ['"\\ud800"', "1e999", str(2**63), "[" * 70 + "]" * 70])
async def test_what_could_not_be_given_back_is_not_taken(server: Server, part: str) -> None:
    given = '{"agent_config": {"model": "echo", "instructions": "", "client_tools": [%s]}}'
    tool = '{"name": "w", "metadata": {"x": %s}}' % part  # noqa: UP031 - braces of JSON
    response = await server.client.post("/v1/agents", content=given % tool)
    assert response.status_code == 400, response.text
    assert (await server.call("GET", ""))["data"] == []


async def test_a_question_must_say_something_and_not_too_much(server: Server) -> None:
    turns = await server.begun("muniment/docs")
    await server.ask(turns, "  ", status=400)
    await server.ask(turns, "leave " * 20_000, stream=True, status=400)


@given(text=st.text(max_size=200))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_text_is_answered(server: Server, text: str) -> None:
    turn = await server.ask(await server.begun(toolgroups=[SEARCH]), text)
    assert turn["input_messages"][0]["content"] == text


# -- tools of MCP servers


@pytest.fixture
def warehouse() -> Iterator[ToolServer]:
    with tool_server() as running:
        yield running


async def register(server: Server, url: str, name: str = "mcp::shelf") -> None:
    body = {
        "toolgroup_id": name,
        "provider_id": "model-context-protocol",
        "mcp_endpoint": {"uri": url},
    }
    assert (await server.client.post("/v1/toolgroups", json=body)).is_success


async def test_an_agent_calls_the_tools_of_an_mcp_server(server: Server, warehouse: ToolServer) -> None:
    await register(server, warehouse.url)
    for group in ("mcp::shelf", "mcp::shelf/stock"):
        turns = await server.begun(toolgroups=[group])
        payloads = await server.stream(turns, question('How many? CALL stock {"item": "valve"}'))
        assert kinds(payloads) == ["turn_start", *INFERENCE, *TOOL, *INFERENCE, "turn_complete"]
        turn = payloads[-1]["turn"]
        assert turn["output_message"]["content"] == "The tools say: valve: 12 in stock"
        executed = turn["steps"][1]
        assert executed["tool_responses"][0]["content"] == "valve: 12 in stock"
    assert warehouse.calls == ["stock valve"] * 2


async def test_an_agent_searches_and_calls_tools_in_one_turn(server: Server, warehouse: ToolServer) -> None:
    await register(server, warehouse.url)
    turns = await server.begun(toolgroups=[SEARCH, "mcp::shelf"])
    asked = f'{QUESTION} CALL knowledge_search {{"query": "leave"}} CALL stock {{"item": "valve"}}'
    turn = await server.ask(turns, asked)
    names = [call["tool_name"] for step in turn["steps"] for call in step.get("tool_calls", [])]
    assert names == ["knowledge_search", "stock"]


async def test_a_tool_that_fails_is_told_to_the_agents_model(server: Server, warehouse: ToolServer) -> None:
    await register(server, warehouse.url)
    turn = await server.ask(await server.begun(toolgroups=["mcp::shelf"]), "CALL fail {}")
    assert turn["output_message"]["content"].startswith("The tools say: Error: Error executing tool fail")
    assert turn["steps"][1]["tool_responses"][0]["metadata"] == {"is_error": True}


async def test_a_turn_whose_mcp_server_is_gone_is_refused_clearly(server: Server) -> None:
    with tool_server() as gone:
        await register(server, gone.url)
        turns = await server.begun(toolgroups=["mcp::shelf"])
    refused = await server.ask(turns, "Hello", status=503)
    assert "'mcp::shelf' does not answer" in refused["detail"]
    checked = await server.begun("extractive", toolgroups=[SEARCH, "mcp::shelf"])
    assert "calls no tools" in (await server.ask(checked, QUESTION, status=501))["detail"]
