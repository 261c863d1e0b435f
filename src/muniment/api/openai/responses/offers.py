"""What a language model is offered besides the messages: functions, tools, the form of its text."""

from dataclasses import dataclass

from muniment.api.openai.responses.asked_tools import FunctionTool, ToolChoice
from muniment.api.openai.responses.mcp_tools import McpTools
from muniment.api.openai.responses.plan import Plan
from muniment.api.openai.responses.requests import TextFormat
from muniment.types import JsonObject


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers of one round; after the first, a demand for a certain tool does not hold any more.

    Attributes:
        is_last: no more tools of servers are called.
    """

    tools: McpTools
    is_first: bool
    is_last: bool

    @property
    def messages(self) -> list[JsonObject]:
        """What tools of servers were called for, and what they answered."""
        return self.tools.messages

    def request(self, plan: Plan) -> JsonObject:
        """What goes to the language model besides messages and limits."""
        request: JsonObject = {}
        functions = [_function(one) for one in plan.functions]
        if not self.is_last:
            functions += self.tools.functions
        if functions:
            request["tools"] = [{"type": "function", "function": one} for one in functions]
            request["tool_choice"] = self._tool_choice(plan.asked.tool_choice) if self.is_first else "auto"
            if plan.asked.parallel_tool_calls is not None:
                request["parallel_tool_calls"] = plan.asked.parallel_tool_calls
        if plan.format:
            request["response_format"] = _response_format(plan.format)
        if plan.asked.top_p is not None:
            request["top_p"] = plan.asked.top_p
        return request

    def _tool_choice(self, choice: str | ToolChoice | None) -> str | JsonObject:
        if not isinstance(choice, ToolChoice):
            return choice or "auto"
        name = choice.name if choice.type == "function" else None
        if choice.type == "mcp" and choice.server_label:
            name = self.tools.offered_as(choice.server_label, choice.name)
        return {"type": "function", "function": {"name": name}} if name else "auto"


def _function(tool: FunctionTool) -> JsonObject:
    sent: JsonObject = {"name": tool.name, "parameters": tool.parameters or {"type": "object"}}
    if tool.description:
        sent["description"] = tool.description
    if tool.strict is not None:
        sent["strict"] = tool.strict
    return sent


def _response_format(form: TextFormat) -> JsonObject:
    if form.type == "json_object":
        return {"type": "json_object"}
    schema: JsonObject = {"name": form.name or "answer", "schema": form.schema_ or {}}
    if form.strict is not None:
        schema["strict"] = form.strict
    return {"type": "json_schema", "json_schema": schema}
