"""A language model that always says the same: an echo that calls tools when it is told to."""

import hashlib
import json
import re
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from muniment.errors import InputError
from muniment.protocols import JsonObject
from muniment.providers.fake_generator.options import FakeGeneratorOptions
from muniment.providers.fake_generator.sample_json import sample

_CONVERSATION = "<BEGIN CONVERSATION>"
_CALL = re.compile(r"\bCALL (\S+) (?=\{)")


@dataclass(frozen=True, slots=True)
class _Reply:
    """Words that join to the text, or tool calls as the wire has them."""

    words: tuple[str, ...] = ()
    calls: tuple[JsonObject, ...] = ()
    finish_reason: str = "stop"


class FakeChatModel:
    """Says what the last user message says, or what the script has for it.

    - ``CALL name {"a": 1}`` in the last user message, with a tool of that name in the request, is
      answered by that tool call; several by several. A ``tool_choice`` that demands a tool gets a
      call of it without arguments.
    - After the tools' results it answers with a text that holds them.
    - ``response_format`` json_object and json_schema get JSON that holds the text and fits the schema.
    - With ``verdicts`` it judges as a Llama Guard, when it is asked as one.
    - A token is a word with the space before it: ``max_tokens``, ``usage``, ``logprobs`` and the chunks
      of a stream go by it. ``stop`` and ``n`` are heeded.
    """

    def __init__(self, name: str, options: FakeGeneratorOptions) -> None:
        self._name = name
        self._options = options

    @property
    def name(self) -> str:
        """The name of its generator."""
        return self._name

    @property
    def model(self) -> str:
        """As the options say."""
        return self._options.model

    @property
    def text(self) -> None:
        """It only chats."""

    async def check(self) -> None:
        """Fails when it was told to fail before the first piece."""
        if self._options.fail_after == 0:
            raise self._options.failure(self._name)

    async def complete(self, request: JsonObject) -> JsonObject:
        """The whole reply.

        Raises:
            InputError: ``generator_refused``, for a request without messages.
            UnavailableError: ``generator_unavailable``, when it was told to fail after any piece.
        """
        reply = self._reply(request)
        if self._options.fail_after is not None:
            raise self._options.failure(self._name)
        choice = {"message": _message(reply), "logprobs": _logprobs(request, reply.words)}
        return {
            **self._head(request, "chat.completion"),
            "choices": [
                {"index": index, **choice, "finish_reason": reply.finish_reason}
                for index in range(request.get("n") or 1)
            ],
            "usage": _usage(request, reply),
        }

    async def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The reply a word at a time; errors as in ``complete``, after as many pieces as it was told."""
        reply = self._reply(request)
        head = self._head(request, "chat.completion.chunk")
        limit = self._options.fail_after
        for count, delta in enumerate(_deltas(reply)):
            if limit is not None and count >= limit:
                break
            words = [delta["content"]] if delta.get("content") else []
            for index in range(request.get("n") or 1):
                choice = {"index": index, "delta": delta, "logprobs": _logprobs(request, words)}
                yield {**head, "choices": [{**choice, "finish_reason": None}]}
        if limit is not None:
            raise self._options.failure(self._name)
        for index in range(request.get("n") or 1):
            choice = {"index": index, "delta": {}, "logprobs": None}
            yield {**head, "choices": [{**choice, "finish_reason": reply.finish_reason}]}
        if (request.get("stream_options") or {}).get("include_usage"):
            yield {**head, "choices": [], "usage": _usage(request, reply)}

    def _reply(self, request: JsonObject) -> _Reply:
        messages = request.get("messages")
        if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
            raise InputError(
                f"Generator {self._name!r} refused the request. 'messages' must be a list of messages.",
                code="generator_refused",
                hint="Change the request as the message says.",
            )
        last = messages[-1]
        asked = next((_text(m) for m in reversed(messages) if m.get("role") == "user"), "")
        calls = [] if last.get("role") == "tool" else _calls(request, asked)
        if calls:
            return _Reply(calls=tuple(calls), finish_reason="tool_calls")
        text = self._said(request, messages, asked)
        for stop in _stops(request):
            text = text.partition(stop)[0]
        words = re.findall(r"\s*\S+|\s+$", text)
        limit = request.get("max_completion_tokens") or request.get("max_tokens") or len(words)
        ends = "stop" if len(words) <= limit else "length"
        return _Reply(tuple(words[:limit]), finish_reason=ends)

    def _said(self, request: JsonObject, messages: list[JsonObject], asked: str) -> str:
        results = list(takewhile(lambda message: message.get("role") == "tool", reversed(messages)))
        if results:
            asked = "The tools say: " + "; ".join(_text(message) for message in reversed(results))
        if self._options.verdicts is not None and _CONVERSATION in asked:
            return self._verdict(asked)
        said = self._options.answers.get(asked, asked)
        form = request.get("response_format") or {}
        if form.get("type") == "json_object":
            return json.dumps({"text": said})
        if form.get("type") == "json_schema":
            schema = (form.get("json_schema") or {}).get("schema") or {}
            return json.dumps(sample(schema, said))
        return said

    def _verdict(self, asked: str) -> str:
        """What a Llama Guard says of the last message of the conversation in its prompt."""
        last = re.split(r"\n\n(?:User|Agent): ", asked.rpartition("<END CONVERSATION>")[0])[-1]
        verdicts = self._options.verdicts or {}
        return next((verdict for key, verdict in verdicts.items() if key in last), "safe")

    def _head(self, request: JsonObject, kind: str) -> JsonObject:
        digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
        created = int(time.time())
        return {"id": f"chatcmpl-{digest[:24]}", "object": kind, "created": created, "model": self.model}


def _text(message: JsonObject) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def _calls(request: JsonObject, asked: str) -> list[JsonObject]:
    """The tool calls that the user's words or the request's ``tool_choice`` ask for."""
    tools = [tool["function"]["name"] for tool in request.get("tools") or [] if tool.get("function")]
    choice = request.get("tool_choice") or "auto"
    if choice == "none" or not tools:
        return []
    wanted = [(name, arguments) for name, arguments in _asked_for(asked) if name in tools]
    if not wanted and choice == "required":
        wanted = [(tools[0], "{}")]
    elif not wanted and isinstance(choice, dict):
        wanted = [(choice["function"]["name"], "{}")]
    made = []
    for index, (name, arguments) in enumerate(wanted):
        digest = hashlib.sha256(f"{index} {name} {arguments}".encode()).hexdigest()
        function = {"name": name, "arguments": arguments}
        made.append({"id": f"call_{digest[:16]}", "type": "function", "function": function})
    return made


def _asked_for(text: str) -> Iterator[tuple[str, str]]:
    """Names and JSON arguments of every ``CALL name {...}`` in a text."""
    for match in _CALL.finditer(text):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(text, match.end())
        except ValueError:
            continue
        yield match[1], json.dumps(arguments)


def _message(reply: _Reply) -> JsonObject:
    if reply.calls:
        return {"role": "assistant", "content": None, "tool_calls": list(reply.calls)}
    return {"role": "assistant", "content": "".join(reply.words)}


def _deltas(reply: _Reply) -> Iterator[JsonObject]:
    """The message in pieces; the first says who speaks, a call's arguments come apart from its name."""
    role = {"role": "assistant"}
    for word in reply.words:
        yield {**role, "content": word}
        role = {}
    for index, call in enumerate(reply.calls):
        named = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield {**role, "tool_calls": [named]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": call["function"]["arguments"]}}]}
        role = {}


def _stops(request: JsonObject) -> list[str]:
    stop = request.get("stop") or []
    return [stop] if isinstance(stop, str) else list(stop)


def _logprobs(request: JsonObject, words: Sequence[str]) -> JsonObject | None:
    """Every word is certain: log probability 0, and no other word is likelier."""
    if not request.get("logprobs"):
        return None
    certain = [{"token": word, "logprob": 0.0, "bytes": list(word.encode())} for word in words]
    alternatives = 1 if request.get("top_logprobs") else 0
    return {"content": [{**one, "top_logprobs": [one] * alternatives} for one in certain], "refusal": None}


def _usage(request: JsonObject, reply: _Reply) -> JsonObject:
    read = sum(len(_text(message).split()) for message in request["messages"])
    called = [call["function"]["arguments"].split() for call in reply.calls]
    written = (len(reply.words) + sum(map(len, called))) * (request.get("n") or 1)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
