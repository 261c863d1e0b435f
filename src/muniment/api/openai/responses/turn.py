"""A conversation's items as what a model is asked: the question, what came before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass

from muniment.answer.chat_generator import ToolCall
from muniment.api.openai.responses.mcp_tools import DENIED, called_messages
from muniment.errors import InputError, NotOfferedError
from muniment.types import JsonObject

_FUNCTIONS = ("function_call", "function_call_output")
COMPACTION = "compaction"
"""Type of the item that holds the summary of a conversation."""
_CALLS = (
    "function_call",
    "function_call_output",
    "mcp_call",
    "mcp_approval_request",
    "mcp_approval_response",
)
_TEXTS = ("input_text", "output_text", "text")


@dataclass(frozen=True, slots=True)
class Turn:
    """The items of a conversation up to now.

    Attributes:
        items: all of them, oldest first.
        instructions: how the asker wants the answer.
    """

    items: tuple[JsonObject, ...]
    instructions: str = ""

    @property
    def question(self) -> str:
        """The last user message; empty when there is none."""
        at = self._asked_at
        return "" if at is None else text_of_item(self.items[at])

    @property
    def history(self) -> tuple[tuple[str, str], ...]:
        """Role and text of the messages before the question."""
        said = self.items[: self._asked_at or 0]
        told = ((_role(item), text_of_item(item)) for item in said if _is_said(item) or _is_summary(item))
        return tuple((role, text) for role, text in told if text)

    @property
    def briefing(self) -> str:
        """The instructions, and those that stand in the conversation."""
        given = [self.instructions]
        given += [text_of_item(item) for item in self.items if _is_instruction(item)]
        return "\n\n".join(text for text in given if text.strip())

    @property
    def after(self) -> list[JsonObject]:
        """Chat messages behind the question: function calls made for it, and their outputs."""
        behind = self.items[(self._asked_at or 0) + 1 :]
        return chat_messages([item for item in behind if item.get("type", "message") in _CALLS])

    @property
    def messages(self) -> list[JsonObject]:
        """The whole conversation as chat messages, instructions first.

        Raises:
            InputError: there is nothing to answer.
            NotOfferedError: a message has a part that cannot be passed on.
        """
        said = chat_messages([item for item in self.items if not _is_instruction(item)])
        if not said:
            raise InputError("The input holds no message.", code="question_empty", hint="Ask in words.")
        system = [{"role": "system", "content": self.briefing}] if self.briefing else []
        return [*system, *said]

    @property
    def _asked_at(self) -> int | None:
        asked = [n for n, item in enumerate(self.items) if _is_said(item) and item["role"] == "user"]
        return asked[-1] if asked else None


def text_of_item(item: JsonObject) -> str:
    """The text of a message or of a function's output, parts joined by newlines."""
    if _is_summary(item):
        return str(item.get("encrypted_content") or "")
    content = item.get("content", item.get("output"))
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in content or () if part.get("type") in _TEXTS]
    return "\n".join(text for text in texts if text)


def check_readable(items: Sequence[JsonObject]) -> None:
    """That messages hold text alone, which is all that an answer from documents reads.

    Raises:
        NotOfferedError: one has an image, a file or the like.
    """
    for message in chat_messages(items):
        if isinstance(message["content"], list):
            raise NotOfferedError(
                "A message has an image, and images are not read where documents are searched.",
                hint="Send text, or ask a language model without `file_search`.",
            )


def chat_messages(items: Sequence[JsonObject]) -> list[JsonObject]:
    """Items as OpenAI's chat has them; calls made together are one message. Other items are left out."""
    messages: list[JsonObject] = []
    requests = {item["id"]: item for item in items if item.get("type") == "mcp_approval_request"}
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            _add_call(messages, item)
        elif kind == "function_call_output":
            text = text_of_item(item)
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": text})
        elif kind == COMPACTION:
            messages.append({"role": _role(item), "content": text_of_item(item)})
        elif kind == "mcp_call":
            call = ToolCall(item["id"], item["name"], item["arguments"])
            messages += called_messages(call, _mcp_answer(item))
        elif kind == "mcp_approval_response" and not item["approve"]:
            messages += _denied(requests.get(item["approval_request_id"]), item.get("reason"))
        elif kind == "message":
            messages.append({"role": item["role"], "content": _chat_content(item)})
    return messages


def _mcp_answer(item: JsonObject) -> str:
    return str(item["output"]) if item.get("output") is not None else f"Error: {item.get('error')}"


def _denied(request: JsonObject | None, reason: object) -> list[JsonObject]:
    if request is None:
        return []
    call = ToolCall(request["id"], request["name"], request["arguments"])
    return called_messages(call, f"{DENIED} {reason or ''}".strip())


def _add_call(messages: list[JsonObject], item: JsonObject) -> None:
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item["call_id"], "type": "function", "function": function}
    if messages and messages[-1]["role"] == "assistant":
        messages[-1].setdefault("tool_calls", []).append(call)
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})


def _chat_content(item: JsonObject) -> str | list[JsonObject]:
    content = item["content"]
    if isinstance(content, str):
        return content
    parts = [_chat_part(part) for part in content]
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _chat_part(part: JsonObject) -> JsonObject:
    kind = part.get("type")
    if kind in _TEXTS or kind == "refusal":
        return {"type": "text", "text": part.get("text") or part.get("refusal") or ""}
    if kind == "input_image" and part.get("image_url"):
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    raise NotOfferedError(
        f"A message has a part of type {str(kind)[:60]!r}, which cannot be passed on to the model.",
        hint="Send text, or `input_image` with `image_url`. Put files into a vector store and search it.",
    )


def _is_said(item: JsonObject) -> bool:
    return item.get("type", "message") == "message" and item.get("role") in ("user", "assistant")


def _is_summary(item: JsonObject) -> bool:
    return item.get("type") == COMPACTION


def _role(item: JsonObject) -> str:
    """Who said it; the summary is the model's own."""
    return "assistant" if _is_summary(item) else str(item["role"])


def _is_instruction(item: JsonObject) -> bool:
    return item.get("type", "message") == "message" and item.get("role") in ("system", "developer")
