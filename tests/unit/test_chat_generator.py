"""One question to a language model with tools: text in pieces, then calls and counts."""

import pytest

from muniment.answer.chat_generator import ChatGenerator, ToolCall
from muniment.protocols import JsonObject, Prompt
from muniment.providers.fake_generator import FakeChatModel, FakeGeneratorOptions

TOOL: JsonObject = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
MODEL = FakeChatModel("fake", FakeGeneratorOptions())


async def said(generator: ChatGenerator, question: str) -> list[str]:
    prompt = Prompt(question, (), (("system", "Rules."), ("user", question)))
    return [piece async for piece in generator.stream(prompt)]


@pytest.mark.parametrize("live", [True, False])
async def test_text_and_count_are_the_same_whole_and_in_pieces(live: bool) -> None:
    generator = ChatGenerator(MODEL, 8192, {}, live=live)
    pieces = await said(generator, "Say two words")
    assert "".join(pieces) == "Say two words"
    assert len(pieces) == (3 if live else 1)
    assert (generator.calls, generator.finish_reason) == ((), "stop")
    assert generator.usage["completion_tokens"] == 3


@pytest.mark.parametrize("live", [True, False])
async def test_calls_are_no_text(live: bool) -> None:
    generator = ChatGenerator(MODEL, 8192, {"tools": [TOOL]}, live=live)
    assert await said(generator, 'CALL weather {"city": "Oslo"}') == []
    (call,) = generator.calls
    assert call == ToolCall(call.id, "weather", '{"city": "Oslo"}')


async def test_results_of_calls_stand_behind_the_question() -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]
    after: list[JsonObject] = [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c", "content": "Rain."},
    ]
    generator = ChatGenerator(MODEL, 8192, {"tools": [TOOL]}, after)
    assert "Rain." in "".join(await said(generator, "CALL weather {}"))
