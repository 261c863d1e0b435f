"""Items of a conversation, as clients send them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Discriminator, Tag

from muniment.api.openai.body import JsonBody
from muniment.api.openai.responses.shapes import Kept


class InputPart(Kept):
    """A part of a message: `input_text`, `output_text`, `refusal` or `input_image`."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None


class InputMessage(Kept):
    """A message of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[InputPart]


class InputFunctionCall(Kept):
    """A function call that the model made earlier."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str


class InputFunctionCallOutput(Kept):
    """What a function gave."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[InputPart]


class ItemReference(Kept):
    """An item of an earlier response or of the conversation, by its id."""

    type: Literal["item_reference"] | None = None
    id: str


class InputMcpApprovalRequest(Kept):
    """A call of an MCP tool that the server asked the user to approve."""

    type: Literal["mcp_approval_request"]
    id: str
    server_label: str
    name: str
    arguments: str


class InputMcpApprovalResponse(Kept):
    """What the user says to a call of an MCP tool."""

    type: Literal["mcp_approval_response"]
    approval_request_id: str
    approve: bool
    reason: str | None = None


class InputMcpCall(Kept):
    """A call of an MCP tool that the server made earlier."""

    type: Literal["mcp_call"]
    name: str
    arguments: str
    output: str | None = None
    error: JsonBody | str | None = None


class OtherItem(Kept):
    """An item that is kept and given back, but not read: file searches, reasoning and so on."""

    type: str


def item_kind(item: object) -> str:
    """The tag of an input item, sent or parsed."""
    if isinstance(item, BaseModel):
        kind, has_role = getattr(item, "type", None), hasattr(item, "role")
    elif isinstance(item, dict):
        kind, has_role = item.get("type"), "role" in item
    else:
        return "other"
    if kind is None:
        return "message" if has_role else "item_reference"
    known = (
        "message",
        "function_call",
        "function_call_output",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "item_reference",
    )
    return kind if kind in known else "other"


InputItem = Annotated[
    Annotated[InputMessage, Tag("message")]
    | Annotated[InputFunctionCall, Tag("function_call")]
    | Annotated[InputFunctionCallOutput, Tag("function_call_output")]
    | Annotated[InputMcpApprovalRequest, Tag("mcp_approval_request")]
    | Annotated[InputMcpApprovalResponse, Tag("mcp_approval_response")]
    | Annotated[InputMcpCall, Tag("mcp_call")]
    | Annotated[ItemReference, Tag("item_reference")]
    | Annotated[OtherItem, Tag("other")],
    Discriminator(item_kind),
]
