"""From OpenAI's completions and chunks to Llama Stack 0.2's."""

import json
from collections.abc import AsyncGenerator, AsyncIterator

from muniment.api.llama_stack.inference_wire import (
    ChatChunk,
    ChatCompletion,
    ChatEvent,
    Completion,
    CompletionChunk,
    CompletionMessage,
    Metric,
    StopReason,
    TextDelta,
    TokenLogProbs,
    ToolCall,
    ToolCallDelta,
)
from muniment.protocols import JsonObject
from muniment.protocols.chat_chunks import assembled

STOP_REASONS: dict[str, StopReason] = {"length": "out_of_tokens", "tool_calls": "end_of_message"}


def chat_completion(completion: JsonObject) -> ChatCompletion:
    """The first choice of a chat completion."""
    choice = completion["choices"][0]
    message = choice["message"]
    said = CompletionMessage(
        content=message.get("content") or "",
        stop_reason=stop_reason(choice),
        tool_calls=[_call(call) for call in message.get("tool_calls") or []],
    )
    return ChatCompletion(
        completion_message=said, logprobs=chat_logprobs(choice), metrics=metrics(completion)
    )


def text_completion(completion: JsonObject) -> Completion:
    """The first choice of a text completion."""
    choice = completion["choices"][0]
    return Completion(
        content=choice["text"],
        stop_reason=stop_reason(choice),
        logprobs=_text_logprobs(choice),
        metrics=metrics(completion),
    )


async def chat_chunks(chunks: AsyncIterator[JsonObject]) -> AsyncGenerator[ChatChunk, None]:
    """``start``, the pieces, every whole tool call, then ``complete`` with the reason and the metrics.

    Nothing comes before the model's first chunk, so that errors before it are told by their status.
    """
    seen: list[JsonObject] = []
    async for chunk in chunks:
        if not seen:
            yield _step("start", TextDelta(text=""))
        seen.append(chunk)
        for choice in (chunk.get("choices") or [])[:1]:
            for step in _steps(choice):
                yield step
    whole = assembled(seen)
    choice = (whole["choices"] or [{}])[0]
    for call in (choice.get("message") or {}).get("tool_calls") or []:
        made = _call(call)
        parsed = isinstance(made.arguments, dict)
        delta = ToolCallDelta(tool_call=made, parse_status="succeeded" if parsed else "failed")
        yield _step("progress", delta)
    event = ChatEvent(event_type="complete", delta=TextDelta(text=""), stop_reason=stop_reason(choice))
    yield ChatChunk(event=event, metrics=metrics(whole))


async def text_chunks(chunks: AsyncIterator[JsonObject]) -> AsyncGenerator[CompletionChunk, None]:
    """The pieces, then one without text that has the reason and the metrics."""
    ended: JsonObject = {}
    usage: JsonObject = {}
    async for chunk in chunks:
        usage = chunk if chunk.get("usage") else usage
        for choice in (chunk.get("choices") or [])[:1]:
            ended = choice if choice.get("finish_reason") else ended
            if choice.get("text"):
                yield CompletionChunk(delta=choice["text"], logprobs=_text_logprobs(choice))
    yield CompletionChunk(delta="", stop_reason=stop_reason(ended), metrics=metrics(usage))


def stop_reason(choice: JsonObject) -> StopReason:
    """Why a choice ends."""
    return STOP_REASONS.get(choice.get("finish_reason") or "", "end_of_turn")


def metrics(completion: JsonObject) -> list[Metric] | None:
    """The usage, where the model counted it."""
    usage = completion.get("usage")
    if not usage:
        return None
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return [Metric(metric=name, value=usage[name]) for name in names if usage.get(name) is not None]


def chat_logprobs(choice: JsonObject) -> list[TokenLogProbs] | None:
    """Of each token of a chat's choice, or of a chunk of it, the likeliest."""
    tokens = (choice.get("logprobs") or {}).get("content")
    if not tokens:
        return None
    return [
        TokenLogProbs(
            logprobs_by_token={one["token"]: one["logprob"] for one in token.get("top_logprobs") or [token]}
        )
        for token in tokens
    ]


def _text_logprobs(choice: JsonObject) -> list[TokenLogProbs] | None:
    places = (choice.get("logprobs") or {}).get("top_logprobs")
    return [TokenLogProbs(logprobs_by_token=place or {}) for place in places] if places else None


def _steps(choice: JsonObject) -> list[ChatChunk]:
    """What a chunk adds: text, and the JSON of tool calls as it is written."""
    delta = choice.get("delta") or {}
    made = []
    if delta.get("content"):
        made.append(_step("progress", TextDelta(text=delta["content"]), chat_logprobs(choice)))
    for piece in delta.get("tool_calls") or []:
        said = piece.get("function") or {}
        if said.get("name"):
            made.append(_step("progress", ToolCallDelta(tool_call="", parse_status="started")))
        if said.get("arguments"):
            written = ToolCallDelta(tool_call=said["arguments"], parse_status="in_progress")
            made.append(_step("progress", written))
    return made


def _step(
    kind: str, delta: TextDelta | ToolCallDelta, logprobs: list[TokenLogProbs] | None = None
) -> ChatChunk:
    event = ChatEvent.model_validate({"event_type": kind, "delta": delta, "logprobs": logprobs})
    return ChatChunk(event=event)


def _call(call: JsonObject) -> ToolCall:
    written = call["function"]["arguments"] or "{}"
    arguments: str | dict[str, object]
    try:
        read = json.loads(written)
        arguments = read if isinstance(read, dict) else written
    except ValueError:
        arguments = written
    return ToolCall(
        call_id=call.get("id") or "",
        tool_name=call["function"]["name"],
        arguments=arguments,
        arguments_json=written,
    )
