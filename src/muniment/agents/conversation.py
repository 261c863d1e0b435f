"""Turns as the messages that a language model reads."""

from collections.abc import Iterable, Sequence

from muniment.agents.values import (
    KNOWLEDGE_SEARCH,
    Completion,
    Content,
    InferenceStep,
    InputMessage,
    ShieldStep,
    Step,
    ToolCall,
    ToolResponse,
    ToolStep,
    Turn,
    text_of,
)
from muniment.types import JsonObject


def history(instructions: str, turns: Iterable[Turn]) -> list[JsonObject]:
    """The instructions and what was said in earlier turns.

    What knowledge_search found in them is left out, since each question is searched for anew and a small
    context has no room for it; so are calls that nobody answered, and turns that a shield objected to.
    """
    messages: list[JsonObject] = []
    if instructions.strip():
        messages.append({"role": "system", "content": instructions})
    for turn in turns:
        if any(isinstance(step, ShieldStep) and step.refusal for step in turn.steps):
            continue
        messages += asked(turn.messages, turn.documents)
        messages += steps_taken(turn.steps, with_searches=False)
    return messages


def asked(messages: Sequence[InputMessage], documents: str) -> list[JsonObject]:
    """The client's messages, the last one followed by the text of its documents."""
    made = [_asked(message) for message in messages]
    if documents and made:
        made[-1]["content"] = _joined(made[-1]["content"], documents)
    return made


def steps_taken(steps: Sequence[Step], *, with_searches: bool = True) -> list[JsonObject]:
    """What the model said and the tools answered, each call before its answer."""
    answered = {
        response.call_id
        for step in steps
        if isinstance(step, ToolStep)
        for response in step.tool_responses
        if with_searches or response.tool_name != KNOWLEDGE_SEARCH
    }
    messages: list[JsonObject] = []
    called: set[str] = set()
    for step in steps:
        if isinstance(step, InferenceStep):
            calls = [call for call in step.completion.tool_calls if call.call_id in answered]
            if calls or step.completion.content:
                messages.append(said(step.completion.content, calls))
            called |= {call.call_id for call in calls}
            continue
        if isinstance(step, ShieldStep):
            continue
        calls = [call for call in step.tool_calls if call.call_id in answered - called]
        if calls:
            messages.append(said("", calls))
            called |= {call.call_id for call in calls}
        shown = [response for response in step.tool_responses if response.call_id in answered]
        messages += [tool_answered(response, is_called=response.call_id in called) for response in shown]
    return messages


def said(content: str, calls: Sequence[ToolCall]) -> JsonObject:
    """A message of the model."""
    message: JsonObject = {"role": "assistant", "content": content or None}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.tool_name, "arguments": call.arguments or "{}"},
            }
            for call in calls
        ]
    return message


def completion_said(completion: Completion) -> JsonObject:
    """The message of a completion."""
    return said(completion.content, completion.tool_calls)


def tool_answered(response: ToolResponse, *, is_called: bool = True) -> JsonObject:
    """A tool's answer; one that the model did not call for by name reads as the user's word.

    Clients that read tool calls out of the model's text answer such calls.
    """
    text = text_of(response.content)
    if is_called:
        return {"role": "tool", "tool_call_id": response.call_id, "content": text}
    return {"role": "user", "content": f"Tool {response.tool_name} answered:\n{text}"}


def _asked(message: InputMessage) -> JsonObject:
    if message.role == "tool":
        return {"role": "user", "content": f"A tool answered:\n{text_of(message.content)}"}
    content = _openai_content(message.content)
    if message.context is not None:
        content = _joined(content, text_of(message.context))
    return {"role": "user", "content": content}


def _joined(content: str | list[JsonObject], text: str) -> str | list[JsonObject]:
    if isinstance(content, str):
        return f"{content}\n\n{text}"
    return [*content, {"type": "text", "text": text}]


def _openai_content(content: Content) -> str | list[JsonObject]:
    """Plain text where there is nothing else; images as OpenAI has them."""
    if isinstance(content, str):
        return content
    items = content if isinstance(content, list) else [content]
    if not any(item.get("type") == "image" for item in items):
        return text_of(content)
    return [_openai_item(item) for item in items]


def _openai_item(item: JsonObject) -> JsonObject:
    if item.get("type") != "image":
        return {"type": "text", "text": str(item.get("text") or "")}
    image = item.get("image") or {}
    url = (image.get("url") or {}).get("uri") or f"data:image/png;base64,{image.get('data') or ''}"
    return {"type": "image_url", "image_url": {"url": url}}
