"""Plain text completion (``/v1/completions``) by models that may only chat."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import uuid4

from muniment.errors import InputError, UnavailableError
from muniment.protocols import ChatModel, CompletionModel, JsonObject

_DEFAULT_TOKENS = 16
"""OpenAI's ``max_tokens`` of a text completion that names none."""
_OWN = frozenset({"prompt", "echo", "suffix", "best_of", "logprobs", "stream", "max_tokens"})
_REFUSED = "generator_refused"


def text_model_of(chat: ChatModel) -> CompletionModel:
    """Text completion by a chat model: its own where it offers that, otherwise through chat."""
    through_chat = TextOverChat(chat)
    return through_chat if chat.text is None else _OwnOrThroughChat(chat.text, through_chat)


class TextOverChat:
    """Text completions whose prompt is sent as the user's only message.

    Takes what ``/v1/completions`` takes but token ids, ``suffix`` and ``best_of`` above ``n``: a chat
    cannot do those, and the request is refused.
    """

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat

    async def complete(self, request: JsonObject) -> JsonObject:
        """A ``text_completion``; several prompts give their choices one after the other.

        Raises:
            InputError: ``generator_refused``, also for what a chat cannot do.
            UnavailableError, TimeoutExceededError: as the chat model.
        """
        prompts = _prompts(request)
        completions = await asyncio.gather(
            *(self._chat.complete(_chat_request(request, prompt)) for prompt in prompts)
        )
        choices: list[JsonObject] = []
        for prompt, completion in zip(prompts, completions, strict=True):
            before = prompt if request.get("echo") else ""
            choices += [
                _choice(len(choices) + n, before, (choice.get("message") or {}).get("content"), choice)
                for n, choice in enumerate(completion["choices"])
            ]
        head = _head(completions[0].get("model"))
        return {**head, "choices": choices, "usage": _sum([one.get("usage") for one in completions])}

    async def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The same in chunks, one prompt after the other; usage last, when it was asked for."""
        prompts = _prompts(request)
        each = request.get("n") or 1
        counted: list[JsonObject | None] = []
        head: JsonObject = {}
        for position, prompt in enumerate(prompts):
            written: dict[int, int] = {}
            async with aclosing(self._chat.stream(_chat_request(request, prompt))) as chunks:
                async for chunk in chunks:
                    head = head or _head(chunk.get("model"))
                    if chunk.get("usage"):
                        counted.append(chunk["usage"])
                    for choice in chunk.get("choices") or []:
                        index = choice.get("index", 0)
                        before = prompt if request.get("echo") and index not in written else ""
                        start = written.get(index, 0)
                        said = (choice.get("delta") or {}).get("content")
                        made = _choice(position * each + index, before, said, choice, start)
                        written[index] = start + len(made["text"])
                        yield {**head, "choices": [made]}
        if counted:
            yield {**head, "choices": [], "usage": _sum(counted)}


class _OwnOrThroughChat:
    """A model's own text completion; through chat when it turns out not to be served."""

    def __init__(self, own: CompletionModel, through_chat: CompletionModel) -> None:
        self._own = own
        self._through_chat = through_chat

    async def complete(self, request: JsonObject) -> JsonObject:
        try:
            return await self._own.complete(request)
        except UnavailableError as error:
            if error.code != _REFUSED:
                raise
        # Whether the address or the whole model is missing, the chat will tell.
        return await self._through_chat.complete(request)

    async def stream(self, request: JsonObject) -> AsyncGenerator[JsonObject, None]:
        begun = False
        try:
            async with aclosing(self._own.stream(request)) as chunks:
                async for chunk in chunks:
                    begun = True
                    yield chunk
                return
        except UnavailableError as error:
            if begun or error.code != _REFUSED:
                raise
        async with aclosing(self._through_chat.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk


def _prompts(request: JsonObject) -> list[str]:
    """The prompts of a request that a chat can serve; InputError for another."""
    prompt = request.get("prompt")
    given = prompt if isinstance(prompt, list) else [prompt]
    prompts = [one for one in given if isinstance(one, str)]
    if not prompts or len(prompts) < len(given):
        raise _refused("its prompt is no text", "Send `prompt` as a text or a list of texts.")
    if request.get("suffix"):
        raise _refused("it has a suffix", "Leave out `suffix`.")
    n, best_of = (request.get(key) or 1 for key in ("n", "best_of"))
    if not isinstance(n, int) or not isinstance(best_of, int) or best_of > n:
        raise _refused(f"n is {n!r} and best_of {best_of!r}", "Leave out `best_of`; `n` is a whole number.")
    return prompts


def _refused(why: str, hint: str) -> InputError:
    return InputError(
        f"A model that chats cannot complete this text: {why}.",
        code="generator_refused",
        hint=hint,
    )


def _chat_request(request: JsonObject, prompt: str) -> JsonObject:
    made = {key: value for key, value in request.items() if key not in _OWN}
    made["messages"] = [{"role": "user", "content": prompt}]
    limit = request.get("max_tokens")
    made["max_tokens"] = _DEFAULT_TOKENS if limit is None else limit
    if request.get("logprobs") is not None:
        made |= {"logprobs": True, "top_logprobs": request["logprobs"]}
    return made


def _head(model: object) -> JsonObject:
    created = int(time.time())
    return {"id": f"cmpl-{uuid4().hex}", "object": "text_completion", "created": created, "model": model}


def _choice(index: int, before: str, said: str | None, choice: JsonObject, start: int = 0) -> JsonObject:
    """A choice of a text completion from one of a chat; ``start`` characters of it came before."""
    return {
        "index": index,
        "text": before + (said or ""),
        "logprobs": _logprobs((choice.get("logprobs") or {}).get("content"), start + len(before)),
        "finish_reason": choice.get("finish_reason"),
    }


def _logprobs(tokens: list[JsonObject] | None, start: int) -> JsonObject | None:
    """Parallel lists, as text completions have them; offsets count from the choice's own text."""
    if tokens is None:
        return None
    offsets = []
    for token in tokens:
        offsets.append(start)
        start += len(token["token"])
    return {
        "tokens": [token["token"] for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [
            {other["token"]: other["logprob"] for other in token.get("top_logprobs") or []}
            for token in tokens
        ],
        "text_offset": offsets,
    }


def _sum(usages: list[JsonObject | None]) -> JsonObject:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: sum((usage or {}).get(name) or 0 for usage in usages) for name in names}
