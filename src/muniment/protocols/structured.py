"""Answers that a model writes as JSON of a fixed form, turned back into text with marks.

The form is sent as ``response_format`` (OpenAI's ``json_schema``), which vLLM and llama.cpp enforce while
they decode: no statement comes without its list of passages.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator

from muniment.protocols.chat_model import JsonObject
from muniment.protocols.generator import Prompt

ANSWER_FORMAT: JsonObject = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "statements": {
                    "type": "array",
                    "maxItems": 12,
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                            "citations": {"type": "array", "items": {"type": "integer"}},
                        },
                        "required": ["text", "citations"],
                        "additionalProperties": False,
                    },
                }
            },
            "required": ["statements"],
            "additionalProperties": False,
        },
    },
}

ASKED_AS_JSON = (
    'Write JSON: {"statements": [{"text": one sentence, "citations": [numbers of its passages]}]}. '
    "An empty list when the passages do not answer."
)
_DECODER = json.JSONDecoder()


def answer_request(prompt: Prompt, *, structured: bool) -> JsonObject:
    """The chat completion that asks for an answer, as JSON of the form where that is wanted."""
    messages = [{"role": role, "content": content} for role, content in prompt.messages]
    request: JsonObject = {
        "messages": messages,
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
    }
    if structured and messages:
        messages[-1]["content"] += f"\n{ASKED_AS_JSON}"
        request["response_format"] = ANSWER_FORMAT
    return request


async def unstructured(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """The statements as sentences with marks, each as soon as it is whole.

    Text that is no JSON (the server did not keep to the form) comes out as it is.
    """
    written, at, said = "", 0, 0
    async for piece in pieces:
        written += piece
        if not at:
            at = written.find("[") + 1
        while at and (found := _statement(written, at)):
            statement, at = found
            if text := _marked(statement):
                yield f" {text}" if said else text
                said += 1
    if not said and not written.lstrip().startswith("{"):
        yield written


def _statement(written: str, at: int) -> tuple[object, int] | None:
    """The next whole statement and where it ends; None when it is not all there yet."""
    begin = written.find("{", at)
    if begin < 0:
        return None
    try:
        return _DECODER.raw_decode(written, begin)
    except ValueError:
        return None


def _marked(statement: object) -> str:
    if not isinstance(statement, dict):
        return ""
    text, citations = statement.get("text"), statement.get("citations")
    if not isinstance(text, str) or not text.strip():
        return ""
    numbers = citations if isinstance(citations, list) else []
    marks = "".join(f"[{number}]" for number in dict.fromkeys(numbers) if isinstance(number, int))
    return f"{text.strip()} {marks}".strip()
