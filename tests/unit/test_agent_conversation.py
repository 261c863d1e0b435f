"""What a language model reads of a session."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from muniment.agents.conversation import history
from muniment.agents.values import (
    Completion,
    InferenceStep,
    InputMessage,
    Step,
    StopReason,
    ToolCall,
    ToolResponse,
    ToolStep,
    Turn,
)

NOW = datetime.now(UTC)


def inference(content: str, *calls: ToolCall) -> InferenceStep:
    return InferenceStep("t", "s", NOW, NOW, Completion(content, StopReason.END_OF_TURN, calls))


def execution(*calls: ToolCall, answers: tuple[ToolResponse, ...]) -> ToolStep:
    return ToolStep("t", "s", NOW, NOW, calls, answers)


def turn(*steps: Step, said: str = "Question?") -> Turn:
    output = Completion("", StopReason.END_OF_TURN)
    return Turn("t", "s", (InputMessage("user", said),), steps, output, NOW, NOW)


WEATHER = ToolCall("c1", "weather", '{"city": "Bonn"}')
SEARCH = ToolCall("c2", "knowledge_search", '{"query": "leave"}')


def test_instructions_and_earlier_turns_come_first() -> None:
    messages = history("Be brief.", [turn(inference("28 days."), said="Leave?")])
    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Leave?"},
        {"role": "assistant", "content": "28 days."},
    ]


def test_results_of_client_tools_stay_and_those_of_searches_go() -> None:
    rain, found = ToolResponse("c1", "weather", "Rain."), ToolResponse("c2", "knowledge_search", "Result 1")
    steps = (
        execution(SEARCH, answers=(found,)),
        inference("", WEATHER),
        execution(WEATHER, answers=(rain,)),
        inference("It rains."),
    )
    roles = [(message["role"], message["content"]) for message in history("", [turn(*steps)])]
    assert roles == [
        ("user", "Question?"),
        ("assistant", None),
        ("tool", "Rain."),
        ("assistant", "It rains."),
    ]


def test_a_call_that_nobody_answered_is_left_out() -> None:
    messages = history("", [turn(inference("", WEATHER))])
    assert [message["role"] for message in messages] == ["user"]


calls = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=3, unique=True)


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    made: list[Step] = []
    for number in range(draw(st.integers(0, 4))):
        called = [ToolCall(f"{number}{name}", name, "{}") for name in draw(calls)]
        made.append(inference(draw(st.sampled_from(["", "Text."])), *called))
        answered = draw(st.lists(st.sampled_from(called), unique=True)) if called else []
        strays = [ToolResponse("stray", "other", "x")] if draw(st.booleans()) else []
        responses = [ToolResponse(call.call_id, call.tool_name, "x") for call in answered]
        made.append(execution(*called, answers=(*responses, *strays)))
    return made


@given(steps())
def test_every_tool_message_answers_a_call_before_it_and_every_call_is_answered(made: list[Step]) -> None:
    messages = history("", [turn(*made)])
    open_calls: set[str] = set()
    for message in messages:
        open_calls |= {call["id"] for call in message.get("tool_calls", ())}
        if message["role"] == "tool":
            open_calls.remove(message["tool_call_id"])
    assert open_calls == set()
