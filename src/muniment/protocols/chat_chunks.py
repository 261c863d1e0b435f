"""Chunks of a streamed completion: whether one says anything, and what they make together."""

from collections.abc import Iterable

from muniment.protocols.chat_model import JsonObject


def says_something(chunk: JsonObject) -> bool:
    """Whether a chunk has more than a role in it: text, a tool call, an end, or usage.

    Raises:
        TypeError, AttributeError: it is no chunk of a completion.
    """
    choices = chunk.get("choices") or []
    return bool(not choices and chunk.get("usage")) or any(
        choice.get("text") or choice.get("finish_reason") or _more_than_role(choice.get("delta") or {})
        for choice in choices
    )


def ends_choice(chunk: JsonObject) -> bool:
    """Whether a choice ends in the chunk."""
    return any(choice.get("finish_reason") for choice in chunk.get("choices") or [])


def text_of(chunk: JsonObject) -> str:
    """The text that a chunk of a chat adds.

    Raises:
        TypeError: what should be text is not.
    """
    pieces = [(choice.get("delta") or {}).get("content") or "" for choice in chunk.get("choices") or []]
    return "".join(pieces)


def assembled(chunks: Iterable[JsonObject]) -> JsonObject:
    """The completion that the chunks of one chat or text completion make together.

    Texts of the same name are joined, tool calls by their index, logprobs one after the other; of
    anything else the last value counts.
    """
    whole: JsonObject = {}
    choices: dict[int, JsonObject] = {}
    for chunk in chunks:
        rest = {key: value for key, value in chunk.items() if key != "choices" and value is not None}
        whole.update(rest)
        for choice in chunk.get("choices") or []:
            _add_choice(choices.setdefault(choice.get("index", 0), {}), choice)
    if whole.get("object") == "chat.completion.chunk":
        whole["object"] = "chat.completion"
    return {**whole, "choices": [choices[index] for index in sorted(choices)]}


def _more_than_role(delta: JsonObject) -> bool:
    return any(value for key, value in delta.items() if key != "role")


def _add_choice(made: JsonObject, choice: JsonObject) -> None:
    made["index"] = choice.get("index", 0)
    if "delta" in choice:
        _add_delta(made.setdefault("message", {"role": "assistant", "content": None}), choice["delta"] or {})
    if "text" in choice:
        made["text"] = made.get("text", "") + (choice["text"] or "")
    if choice.get("logprobs"):
        _add_logprobs(made, choice["logprobs"])
    made["finish_reason"] = choice.get("finish_reason") or made.get("finish_reason")


def _add_delta(message: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            _add_tool_calls(message.setdefault(key, []), value or [])
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        elif value is not None:
            message[key] = value


def _add_tool_calls(calls: list[JsonObject], pieces: list[JsonObject]) -> None:
    for piece in pieces:
        index = piece.get("index", 0)
        while len(calls) <= index:
            calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call = calls[index]
        call.update({key: piece[key] for key in ("id", "type") if piece.get(key)})
        said = piece.get("function") or {}
        for key in ("name", "arguments"):
            call["function"][key] += said.get(key) or ""


def _add_logprobs(made: JsonObject, logprobs: JsonObject) -> None:
    kept = made.setdefault("logprobs", {})
    for key, value in logprobs.items():
        kept[key] = [*(kept.get(key) or []), *value] if isinstance(value, list) else kept.get(key, value)
