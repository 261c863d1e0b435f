"""What clients say of an agent, and the way of it into the domain."""

from typing import Any, Literal

from pydantic import Field, StrictBool

from muniment.agents.tools import check_client_tools, search_scope
from muniment.agents.values import AgentSettings, FunctionTool, ToolGroup
from muniment.api.llama_stack.agents.content import Lenient
from muniment.errors import NotOfferedError
from muniment.types import JsonObject


class AgentSamplingStrategy(Lenient):
    """How the next token is chosen."""

    type: Literal["greedy", "top_p", "top_k"] = "greedy"
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1)


class AgentSamplingParams(Lenient):
    """How the model writes."""

    strategy: AgentSamplingStrategy = AgentSamplingStrategy()
    max_tokens: int | None = Field(default=0, ge=0)
    """Of one inference; the model's own limit when 0."""
    repetition_penalty: float | None = 1.0
    stop: tuple[str, ...] | None = None

    @property
    def openai(self) -> JsonObject:
        """As chat completions take it; what is left at its default is left to the model."""
        strategy = self.strategy
        wanted: JsonObject = {"temperature": 0.0 if strategy.type == "greedy" else strategy.temperature}
        if strategy.type == "top_p":
            wanted["top_p"] = strategy.top_p
        if strategy.type == "top_k":
            wanted["top_k"] = strategy.top_k
        if self.repetition_penalty != 1.0:
            wanted["repetition_penalty"] = self.repetition_penalty
        wanted["max_tokens"] = self.max_tokens or None
        wanted["stop"] = [stop for stop in self.stop or () if stop] or None
        return {key: value for key, value in wanted.items() if value is not None}


class ToolGroupWithArgs(Lenient):
    """A tool group and what its tools are given besides what the model says."""

    name: str
    args: dict[str, Any]


ToolGroupWire = str | ToolGroupWithArgs


class ClientToolParameter(Lenient):
    """What a tool takes."""

    name: str
    parameter_type: str = "string"
    description: str = ""
    required: StrictBool = True
    default: Any = None


class ClientTool(Lenient):
    """A tool of the client."""

    name: str
    description: str | None = None
    parameters: tuple[ClientToolParameter, ...] | None = None
    """Up to Llama Stack 0.2."""
    input_schema: dict[str, Any] | None = None
    """JSON schema of what it takes; from Llama Stack 0.3 on, in place of `parameters`."""
    metadata: dict[str, Any] | None = None

    @property
    def domain(self) -> FunctionTool:
        """The tool it shows."""
        parameters = self.parameters or ()
        schema = {
            "type": "object",
            "properties": {one.name: _schema(one) for one in parameters},
            "required": [one.name for one in parameters if one.required],
        }
        return FunctionTool(self.name, self.description or "", self.input_schema or schema)


class AgentToolConfig(Lenient):
    """How tools are used."""

    tool_choice: str | None = "auto"
    """`auto`, `required`, `none`, or the name of a tool."""
    tool_prompt_format: str | None = None
    """Of no effect: the model's own format is used."""
    system_message_behavior: str | None = "append"
    """Of no effect, as above."""


class AgentResponseFormat(Lenient):
    """What the answer must look like."""

    type: Literal["json_schema", "grammar", "json_object", "text"]
    json_schema: dict[str, Any] | None = None
    bnf: dict[str, Any] | None = None
    """Not offered."""

    @property
    def openai(self) -> JsonObject:
        """As chat completions take it.

        Raises:
            NotOfferedError: it is a grammar.
        """
        if self.type == "grammar":
            raise NotOfferedError("Grammars are not offered.", hint="Use a json_schema response format.")
        if self.type != "json_schema":
            return {"type": self.type}
        schema = self.json_schema or {}
        named = schema if "schema" in schema else {"name": "response", "schema": schema}
        return {"type": "json_schema", "json_schema": named}


class AgentConfig(Lenient):
    """An agent."""

    model: str = Field(examples=["muniment/handbook"])
    """A language model, or `muniment/<collection>[@<generator>]` for checked answers."""
    instructions: str
    """What the language model is told first; checked answers have rules of their own."""
    name: str | None = None
    sampling_params: AgentSamplingParams | None = AgentSamplingParams()
    toolgroups: tuple[ToolGroupWire, ...] | None = ()
    """`builtin::rag`, `builtin::rag/knowledge_search` (with `{"vector_db_ids": […]}`), or an MCP server's."""
    client_tools: tuple[ClientTool, ...] | None = ()
    """Tools that the client runs."""
    tools: tuple[ToolGroupWire | ClientTool, ...] | None = None
    """More of either, for clients that make no difference."""
    tool_choice: str | None = None
    """Use `tool_config`."""
    tool_config: AgentToolConfig | None = None
    input_shields: tuple[str, ...] | None = ()
    """Judge what the user says; nothing is done for what they object to."""
    output_shields: tuple[str, ...] | None = ()
    """Judge the answer, which is therefore sent when it is whole."""
    max_infer_iters: int | None = Field(default=10, ge=1)
    response_format: AgentResponseFormat | None = None
    enable_session_persistence: StrictBool | None = False
    """Of no effect: sessions are always kept."""

    def domain(self) -> AgentSettings:
        """How the agent answers.

        Raises:
            InputError: codes ``invalid_tool_group``, ``duplicate_tool``.
            NotOfferedError: a grammar.
        """
        others = self.tools or ()
        groups = (
            *(self.toolgroups or ()),
            *(one for one in others if not isinstance(one, ClientTool)),
        )
        client_tools = (*(self.client_tools or ()), *(one for one in others if isinstance(one, ClientTool)))
        settings = AgentSettings(
            model=self.model,
            instructions=self.instructions,
            tool_groups=tool_groups_of(groups),
            client_tools=tuple(tool.domain for tool in client_tools),
            tool_choice=(self.tool_config and self.tool_config.tool_choice) or self.tool_choice or "auto",
            sampling=(self.sampling_params or AgentSamplingParams()).openai,
            response_format=None if self.response_format is None else self.response_format.openai,
            max_iterations=self.max_infer_iters or 10,
            input_shields=self.input_shields or (),
            output_shields=self.output_shields or (),
        )
        check_client_tools(settings.client_tools)
        search_scope(settings.tool_groups)
        return settings


def tool_groups_of(groups: tuple[ToolGroupWire, ...]) -> tuple[ToolGroup, ...]:
    """The tool groups they show."""
    return tuple(
        ToolGroup(group) if isinstance(group, str) else ToolGroup(group.name, group.args) for group in groups
    )


_JSON_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
"""Python's names of types, which client libraries send."""


def _schema(parameter: ClientToolParameter) -> JsonObject:
    kind = parameter.parameter_type
    schema: JsonObject = {"type": _JSON_TYPES.get(kind, kind), "description": parameter.description}
    return schema if parameter.default is None else {**schema, "default": parameter.default}
