"""A turn answered by a language model that calls tools."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from uuid import uuid4

from muniment.agents.conversation import completion_said, said, tool_answered
from muniment.agents.events import CallDelta, StepCompleted, StepEvent, StepStarted, TextDelta
from muniment.agents.evidence import EvidenceCheck
from muniment.agents.knowledge_search import KnowledgeSearch
from muniment.agents.mcp_tools import McpTurnTools
from muniment.agents.steps import BegunStep, Outcome
from muniment.agents.tools import SEARCH_TOOL
from muniment.agents.values import (
    KNOWLEDGE_SEARCH,
    AgentSettings,
    Completion,
    FoundPassage,
    StepKind,
    StopReason,
    ToolCall,
    ToolResponse,
)
from muniment.errors import UnavailableError
from muniment.protocols import ChatModel
from muniment.protocols.chat_chunks import assembled, text_of
from muniment.types import JsonObject

SEARCHES_IN_A_TURN = 3
"""After so many the model answers from what it has: a small model would search again and again."""


@dataclass
class ModelTurn:
    """The loop of inference and tools.

    Where knowledge_search is the only tool, the first search is made for the question as it stands, before
    the model is asked: small models often answer from memory instead of searching. The model may search
    again in its own words. With tools of the client beside it, the model chooses.

    Args:
        messages: the conversation so far, this turn's question included; grows as the turn goes on.
        question: what to search for first; empty to leave searching to the model.
        search: None when the turn has no knowledge_search.
        tools: those of MCP servers.
        check: looks for the evidence of the answer among what was found.
        iterations: inferences that the turn has had before.
        found: passages that were found before, in the order of their numbers.
    """

    turn_id: str
    agent: AgentSettings
    chat: ChatModel
    messages: list[JsonObject]
    question: str
    search: KnowledgeSearch | None
    tools: McpTurnTools
    check: EvidenceCheck
    iterations: int = 0
    found: list[FoundPassage] = field(default_factory=list)
    _searches: int = 0
    _has_run_tool: bool = False

    async def events(self) -> AsyncGenerator[StepEvent | Outcome, None]:
        """The steps, and then the one Outcome.

        Raises:
            MunimentError: of the model, or of a search.
        """
        if self._searches_first:
            call = ToolCall(_call_id(), KNOWLEDGE_SEARCH, json.dumps({"query": self.question}))
            self.messages.append(said("", [call]))
            async for event in self._execute(call):
                yield event
        while True:
            completion = None
            async for event in self._infer():
                yield event
                if isinstance(event, StepCompleted):
                    completion = _completion_in(event)
            assert completion is not None
            if not completion.tool_calls or self._is_over(completion):
                yield await self._ended(completion)
                return
            self.messages.append(completion_said(completion))
            names = {tool.name for tool in self.agent.client_tools}
            for call in completion.tool_calls:
                if call.tool_name not in names:
                    async for event in self._execute(call):
                        yield event
            waits_for = tuple(call for call in completion.tool_calls if call.tool_name in names)
            if waits_for:
                yield self._waiting(waits_for)
                return

    @property
    def _searches_first(self) -> bool:
        choice = self.agent.tool_choice
        alone = self.search is not None and not self.agent.client_tools and not len(self.tools)
        return alone and bool(self.question.strip()) and self.iterations == 0 and choice != "none"

    def _is_over(self, completion: Completion) -> bool:
        ran_out = completion.stop_reason is StopReason.OUT_OF_TOKENS
        return ran_out or self.iterations >= self.agent.max_iterations

    # -- inference

    async def _infer(self) -> AsyncIterator[StepEvent]:
        step = BegunStep(self.turn_id, StepKind.INFERENCE)
        yield StepStarted(step.kind, step.step_id)
        chunks: list[JsonObject] = []
        async with aclosing(self.chat.stream(self._request())) as stream:
            async for chunk in stream:
                chunks.append(chunk)
                if text := text_of(chunk):
                    yield TextDelta(step.step_id, text)
        self.iterations += 1
        completion = _completion(assembled(chunks), self.chat.name)
        for call in completion.tool_calls:
            yield CallDelta(step.kind, step.step_id, call)
        yield StepCompleted(step.inferred(completion))

    def _request(self) -> JsonObject:
        agent = self.agent
        request: JsonObject = {"messages": list(self.messages), **agent.sampling}
        if agent.response_format is not None:
            request["response_format"] = agent.response_format
        tools = self._tools()
        if tools:
            request |= {"tools": tools, "tool_choice": self._tool_choice(tools)}
        return request

    def _tools(self) -> list[JsonObject]:
        if self.agent.tool_choice == "none":
            return []
        tools = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in self.agent.client_tools
        ]
        tools += self.tools.functions
        if self.search is not None and self._searches < SEARCHES_IN_A_TURN:
            tools.append(SEARCH_TOOL)
        return tools

    def _tool_choice(self, tools: list[JsonObject]) -> str | JsonObject:
        """The agent's own for the first call; after that it would never come to an answer."""
        choice = self.agent.tool_choice
        is_last = self.iterations + 1 >= self.agent.max_iterations
        if is_last and self.iterations:
            return "none"
        if self._has_run_tool or self.iterations:
            return "auto"
        if choice in ("auto", "required"):
            return choice
        if any(tool["function"]["name"] == choice for tool in tools):
            return {"type": "function", "function": {"name": choice}}
        return "auto"

    # -- tools

    async def _execute(self, call: ToolCall) -> AsyncIterator[StepEvent]:
        step = BegunStep(self.turn_id, StepKind.TOOL_EXECUTION)
        yield StepStarted(step.kind, step.step_id)
        yield CallDelta(step.kind, step.step_id, call)
        response = await self._response(call)
        self._has_run_tool = True
        self.messages.append(tool_answered(response))
        yield StepCompleted(step.executed(call, response))

    async def _response(self, call: ToolCall) -> ToolResponse:
        """What the tool answers; a call that cannot be run is the model's mistake, and it is told so."""
        if call.tool_name in self.tools:
            return await self.tools.call(call)
        if call.tool_name != KNOWLEDGE_SEARCH or self.search is None:
            names = [tool["function"]["name"] for tool in self._tools()]
            text = f"There is no tool {call.tool_name!r}. Tools: {', '.join(names) or 'none'}."
            return ToolResponse(call.call_id, call.tool_name, text)
        query = (call.parsed or {}).get("query")
        if not isinstance(query, str) or not query.strip():
            text = 'knowledge_search takes {"query": "…"}; nothing was searched.'
            return ToolResponse(call.call_id, call.tool_name, text)
        self._searches += 1
        findings = await self.search.search(query, first_number=len(self.found) + 1)
        self.found += findings.passages
        return ToolResponse(call.call_id, call.tool_name, findings.content, findings.metadata)

    # -- ends

    def _waiting(self, calls: tuple[ToolCall, ...]) -> Outcome:
        waiting = BegunStep(self.turn_id, StepKind.TOOL_EXECUTION).waiting(calls)
        output = Completion("", StopReason.END_OF_MESSAGE, calls)
        return Outcome(output, self.iterations, waiting, tuple(self.found))

    async def _ended(self, completion: Completion) -> Outcome:
        if completion.tool_calls and completion.stop_reason is not StopReason.OUT_OF_TOKENS:
            completion = replace(completion, stop_reason=StopReason.END_OF_TURN)
        answer = await self.check.answer(self.question, completion.content, self.found, self.chat.name)
        return Outcome(completion, self.iterations, answer=answer)


def _completion_in(event: StepCompleted) -> Completion | None:
    return getattr(event.step, "completion", None)


def _completion(whole: JsonObject, generator: str) -> Completion:
    choices = whole.get("choices") or []
    if not choices:
        raise UnavailableError(
            f"Generator {generator!r} answered without any choice.",
            code="generator_unavailable",
            hint="Look into the log of the model's server.",
        )
    message = choices[0].get("message") or {}
    calls = tuple(
        ToolCall(call.get("id") or _call_id(), call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or []
    )
    ran_out = choices[0].get("finish_reason") == "length"
    stop = StopReason.OUT_OF_TOKENS if ran_out else StopReason.END_OF_TURN
    return Completion("" if calls else message.get("content") or "", stop, calls)


def _call_id() -> str:
    return f"call_{uuid4().hex}"
