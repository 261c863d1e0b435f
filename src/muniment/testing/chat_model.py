"""What every language model must do, as a pytest class to inherit from.

A subclass gives a fixture ``model``: a chat model that is ready to answer.
"""

import asyncio
import json
from typing import ClassVar

import pytest

from muniment.errors import InputError
from muniment.protocols import ChatModel, CompletionModel, JsonObject
from muniment.protocols.chat_chunks import assembled

TOOL: JsonObject = {
    "type": "function",
    "function": {
        "name": "warranty_months",
        "description": "Months of warranty of a product.",
        "parameters": {
            "type": "object",
            "properties": {"product": {"type": "string"}},
        },
    },
}


def chat(text: str = "How long does the warranty last?", **more: object) -> JsonObject:
    """A request whose answer is short and always the same."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    return {"messages": messages, "temperature": 0, "max_tokens": 16, **more}


async def streamed(model: CompletionModel, request: JsonObject) -> JsonObject:
    """What the chunks of a streamed completion make together."""
    return assembled([chunk async for chunk in model.stream(request)])


class ChatModelContract:
    """Promises of the ChatModel protocol."""

    calls_tools: ClassVar[bool] = True
    """Whether the model calls a tool when ``tool_choice`` demands it."""

    async def test_says_what_it_is_called(self, model: ChatModel) -> None:
        """After a check that passed, both its generator's name and its own are known."""
        await model.check()
        assert model.name
        assert model.model

    async def test_completes_a_chat(self, model: ChatModel) -> None:
        """An assistant's message with text, why it ends, and what was counted."""
        completion = await model.complete(chat())
        assert completion["object"] == "chat.completion"
        (choice,) = completion["choices"]
        assert choice["message"]["role"] == "assistant"
        assert choice["message"]["content"].strip()
        assert choice["finish_reason"] in ("stop", "length")
        usage = completion["usage"]
        assert usage["prompt_tokens"] > 0
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]

    async def test_a_stream_makes_the_same_message(self, model: ChatModel) -> None:
        """In more than one chunk, and ended."""
        whole = (await model.complete(chat()))["choices"][0]
        chunks = [chunk async for chunk in model.stream(chat())]
        assert len(chunks) > 2
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
        (made,) = assembled(chunks)["choices"]
        assert made["message"]["content"] == whole["message"]["content"]
        assert made["finish_reason"] == whole["finish_reason"]

    async def test_a_stream_counts_when_asked_to(self, model: ChatModel) -> None:
        """The last chunk has usage and no choice."""
        request = chat(stream_options={"include_usage": True})
        *_, last = [chunk async for chunk in model.stream(request)]
        assert last["choices"] == []
        assert last["usage"]["total_tokens"] > 0

    async def test_stops_at_the_limit(self, model: ChatModel) -> None:
        """A message cut short says so."""
        request = chat("Count: one two three four five six", max_tokens=2)
        for completion in (await model.complete(request), await streamed(model, request)):
            assert completion["choices"][0]["finish_reason"] == "length"

    async def test_the_name_in_the_request_does_not_matter(self, model: ChatModel) -> None:
        """Whoever calls has chosen the model already; ``stream`` is chosen by the method."""
        named = await model.complete(chat(model="no-such-model", stream=True))
        assert named["choices"] == (await model.complete(chat()))["choices"]
        chunks = [chunk async for chunk in model.stream(chat(model="no-such-model", stream=False))]
        assert len(chunks) > 2

    async def test_calls_the_tool_it_is_told_to_call(self, model: ChatModel) -> None:
        """Whole and streamed: the tool's name, arguments in JSON, an id, no text."""
        if not self.calls_tools:
            pytest.skip("calls no tools")
        request = chat(tools=[TOOL], tool_choice="required", max_tokens=64)
        for completion in (await model.complete(request), await streamed(model, request)):
            (choice,) = completion["choices"]
            (call,) = choice["message"]["tool_calls"]
            assert choice["finish_reason"] == "tool_calls"
            assert call["id"]
            assert call["function"]["name"] == "warranty_months"
            assert isinstance(json.loads(call["function"]["arguments"]), dict)

    async def test_a_request_without_messages_is_the_callers_mistake(self, model: ChatModel) -> None:
        """Refused with the model's words, before any chunk."""
        for refused in (model.complete({}), streamed(model, {})):
            with pytest.raises(InputError) as error:
                await refused
            assert error.value.code == "generator_refused"
            assert "messages" in error.value.message

    async def test_answers_concurrent_readers_alike(self, model: ChatModel) -> None:
        """At temperature 0, readers at the same time get the same text."""
        first, second = await asyncio.gather(streamed(model, chat()), model.complete(chat()))
        assert first["choices"][0]["message"]["content"] == second["choices"][0]["message"]["content"]

    async def test_a_reader_may_stop_early(self, model: ChatModel) -> None:
        """After a reader left, the next one is served."""
        stream = model.stream(chat())
        async for _ in stream:
            break
        await stream.aclose()
        assert (await model.complete(chat()))["choices"]

    async def test_completes_plain_text(self, model: ChatModel) -> None:
        """Where the model offers it: the same text whole and streamed."""
        if model.text is None:
            pytest.skip("only chats")
        request: JsonObject = {"prompt": "One two three", "max_tokens": 4, "temperature": 0}
        whole, made = await model.text.complete(request), await streamed(model.text, request)
        assert whole["object"] == made["object"] == "text_completion"
        assert whole["choices"][0]["text"]
        assert whole["choices"][0]["text"] == made["choices"][0]["text"]
