"""What agents are made of: settings, messages, tool calls, steps, turns, sessions."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from muniment.types import Answer, JsonObject, Passage

Content = str | JsonObject | list[JsonObject]
"""Text, an item such as ``{"type": "text", "text": …}``, or a list of items."""

KNOWLEDGE_SEARCH = "knowledge_search"
"""The tool that searches stores; besides those of MCP servers the only one that the server runs."""


class StopReason(StrEnum):
    """Why the model stopped."""

    END_OF_TURN = "end_of_turn"
    END_OF_MESSAGE = "end_of_message"
    """It waits for what the client's tools answer."""
    OUT_OF_TOKENS = "out_of_tokens"


class StepKind(StrEnum):
    """What is done in a step."""

    INFERENCE = "inference"
    TOOL_EXECUTION = "tool_execution"
    SHIELD_CALL = "shield_call"


@dataclass(frozen=True, slots=True)
class ToolGroup:
    """A tool group, or one tool of it (``group/tool``), with the arguments that its tools get."""

    name: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A tool of the client; ``parameters`` is the JSON schema of what it takes."""

    name: str
    description: str
    parameters: JsonObject


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How an agent answers.

    Attributes:
        tool_choice: ``auto``, ``required``, ``none``, or the name of a tool.
        sampling, response_format: as OpenAI's chat completions take them.
        max_iterations: inferences in one turn, at most.
        input_shields, output_shields: ids of the shields that judge messages and answers.
    """

    model: str
    instructions: str = ""
    tool_groups: tuple[ToolGroup, ...] = ()
    client_tools: tuple[FunctionTool, ...] = ()
    tool_choice: str = "auto"
    sampling: JsonObject = field(default_factory=dict)
    response_format: JsonObject | None = None
    max_iterations: int = 10
    input_shields: tuple[str, ...] = ()
    output_shields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputMessage:
    """A message of the client; ``call_id`` names the tool call that one of role ``tool`` answers."""

    role: str
    content: Content
    context: Content | None = None
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants run; ``arguments`` is the JSON that the model wrote."""

    call_id: str
    tool_name: str
    arguments: str

    @property
    def parsed(self) -> JsonObject | None:
        """The arguments by name; None when they are no JSON object."""
        try:
            arguments = json.loads(self.arguments or "{}")
        except ValueError:
            return None
        return arguments if isinstance(arguments, dict) else None


@dataclass(frozen=True, slots=True)
class ToolResponse:
    """What a tool answered."""

    call_id: str
    tool_name: str
    content: Content
    metadata: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said."""

    content: str
    stop_reason: StopReason
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class InferenceStep:
    """The model was asked."""

    turn_id: str
    step_id: str
    started_at: datetime
    completed_at: datetime
    completion: Completion


@dataclass(frozen=True, slots=True)
class ToolStep:
    """Tools were run; without ``tool_responses`` it waits for the client to run them."""

    turn_id: str
    step_id: str
    started_at: datetime
    completed_at: datetime | None
    tool_calls: tuple[ToolCall, ...]
    tool_responses: tuple[ToolResponse, ...] = ()


@dataclass(frozen=True, slots=True)
class ShieldStep:
    """Shields judged what was said.

    Attributes:
        violated: codes of the categories that it violates; empty when it is safe.
        refusal: what is said in its place; empty when it is safe.
    """

    turn_id: str
    step_id: str
    started_at: datetime
    completed_at: datetime
    violated: tuple[str, ...]
    refusal: str


Step = InferenceStep | ToolStep | ShieldStep


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that a search of the turn found, in the collection of a store."""

    collection: str
    store_id: str
    passage: Passage


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client asked, what was done about it, and the answer.

    Attributes:
        documents: text of the documents that came with the messages.
        tool_groups: those of this turn, where they are not the agent's.
        tool_choice: that of this turn, where it is not the agent's.
        iterations: inferences so far.
        waiting: the step that waits for the client's tools; None when the turn is complete.
        found: passages found so far, in the order of their numbers, while the turn waits.
        answer: the answer with its checked evidence, where it rests on stores.
    """

    turn_id: str
    session_id: str
    messages: tuple[InputMessage, ...]
    steps: tuple[Step, ...]
    output: Completion
    started_at: datetime
    completed_at: datetime
    documents: str = ""
    tool_groups: tuple[ToolGroup, ...] | None = None
    tool_choice: str | None = None
    iterations: int = 0
    waiting: ToolStep | None = None
    found: tuple[FoundPassage, ...] = ()
    answer: Answer | None = None

    @property
    def question(self) -> str:
        """The text of the last user message; empty when there is none."""
        said = (text_of(message.content) for message in reversed(self.messages) if message.role == "user")
        return next(said, "")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent; ``config`` is what its maker sent, in the maker's dialect."""

    agent_id: str
    config: JsonObject
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A series of turns of an agent."""

    session_id: str
    agent_id: str
    name: str
    started_at: datetime


def text_of(content: Content) -> str:
    """The text in a content, items joined by newlines; images have none."""
    if isinstance(content, str):
        return content
    items = content if isinstance(content, list) else [content]
    return "\n".join(str(item.get("text") or "") for item in items if item.get("type") == "text")
