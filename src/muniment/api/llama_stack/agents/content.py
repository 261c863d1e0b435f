"""Messages, contents and tool calls as Llama Stack has them."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from muniment.agents.values import Content, InputMessage, ToolCall, ToolResponse
from muniment.api.wire.documented import Documented


class Lenient(Documented):
    """What clients send and get back; fields that mean nothing here are let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class UrlWire(Lenient):
    """An address."""

    uri: str
    """A `data:` URL; the server fetches nothing."""


class AgentTextItem(Lenient):
    """Text."""

    type: Literal["text"] = "text"
    text: str


class ImageWire(Lenient):
    """An image's place or bytes."""

    url: UrlWire | None = None
    data: str | None = None
    """Base64."""


class AgentImageItem(Lenient):
    """An image."""

    type: Literal["image"] = "image"
    image: ImageWire


ContentItem = AgentTextItem | AgentImageItem
ContentWire = str | ContentItem | tuple[ContentItem, ...]


class AgentUserMessage(Lenient):
    """What the user says."""

    role: Literal["user"] = "user"
    content: ContentWire
    context: ContentWire | None = None
    """Read by the model behind the content; never searched for."""


class ToolResponseMessage(Lenient):
    """What a tool answered, as a message."""

    role: Literal["tool"]
    call_id: str
    content: ContentWire


MessageWire = AgentUserMessage | ToolResponseMessage


class ToolCallWire(Lenient):
    """A tool that the model wants run."""

    call_id: str
    tool_name: str
    arguments: str | dict[str, Any]
    """By name; up to Llama Stack 0.2 an object, from 0.3 on JSON text."""
    arguments_json: str | None = None
    """The arguments as the model wrote them."""

    @classmethod
    def of(cls, call: ToolCall, *, as_text: bool) -> "ToolCallWire":
        """The shape of a call; arguments that are no JSON object stay text."""
        parsed = None if as_text else call.parsed
        arguments = call.arguments if parsed is None else parsed
        return cls(
            call_id=call.call_id,
            tool_name=call.tool_name,
            arguments=arguments,
            arguments_json=call.arguments,
        )


class ToolResponseWire(Lenient):
    """What a tool answered."""

    call_id: str
    tool_name: str
    content: ContentWire
    metadata: dict[str, Any] | None = Field(default=None)
    """Of knowledge_search: `document_ids`, `chunks`, `scores`, `vector_db_ids`."""

    @classmethod
    def of(cls, response: ToolResponse) -> "ToolResponseWire":
        """The shape of a response."""
        return cls.model_validate(response, from_attributes=True)

    def domain(self) -> ToolResponse:
        """The response it shows."""
        return ToolResponse(self.call_id, self.tool_name, content_of(self.content), self.metadata)


def message_of(message: MessageWire) -> InputMessage:
    """The message it shows."""
    content = content_of(message.content)
    if isinstance(message, ToolResponseMessage):
        return InputMessage("tool", content, call_id=message.call_id)
    context = None if message.context is None else content_of(message.context)
    return InputMessage("user", content, context)


def message_wire(message: InputMessage) -> MessageWire:
    """The shape of a message."""
    kind = ToolResponseMessage if message.role == "tool" else AgentUserMessage
    return kind.model_validate(message, from_attributes=True)


def content_of(content: ContentWire) -> Content:
    """The content as the domain has it."""
    if isinstance(content, str):
        return content
    if isinstance(content, tuple):
        return [item.model_dump(mode="json") for item in content]
    return content.model_dump(mode="json")
