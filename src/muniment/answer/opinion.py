"""A language model's own opinion on whether the passages hold the answer, asked before it writes one."""

import asyncio
import logging
import math

from muniment.answer.prompt import ABSTENTION
from muniment.errors import InputError, MunimentError
from muniment.protocols import ChatModel, JsonObject, Prompt

log = logging.getLogger(__name__)

ASK = """Do not answer yet. Do the passages say what the question asks for? Passages on the same subject \
that leave out the very thing asked for do not. Write one word: yes or no."""

SURE = 0.9
"""The probability taken for a plain word, where the model gives none of its own."""
_LIMIT = 0.99
"""The most a model is believed: its own probabilities tend to be too close to 0 and 1."""
_TOKENS = 6
_SECONDS = 60.0
"""A model that takes longer is not waited for."""


async def opinion(prompt: Prompt, chat: ChatModel) -> float | None:
    """The probability that the passages of the prompt answer its question, as the model sees it.

    The request begins like the one for the answer, passages included, so that a server with a prefix
    cache reads them once for both. None when the model says neither yes nor no, or nothing in time.
    """
    *before, (role, asked) = prompt.messages
    messages = [{"role": said_by, "content": text} for said_by, text in before]
    messages.append({"role": role, "content": f"{asked}\n\n{ASK}"})
    request: JsonObject = {"messages": messages, "max_tokens": _TOKENS, "temperature": 0.0}
    try:
        async with asyncio.timeout(_SECONDS):
            completion = await _complete(request, chat)
    except (MunimentError, TimeoutError) as error:
        log.warning("%s was not heard on whether the passages answer: %s", chat.name, error)
        return None
    return _read((completion.get("choices") or [{}])[0])


def pooled(*probabilities: float) -> float:
    """One probability of several opinions: the mean of their log-odds."""
    clipped = [min(1 - 1e-6, max(1e-6, one)) for one in probabilities]
    log_odds = sum(math.log(one / (1 - one)) for one in clipped) / len(clipped)
    return 1 / (1 + math.exp(-log_odds))


async def _complete(request: JsonObject, chat: ChatModel) -> JsonObject:
    try:
        return await chat.complete({**request, "logprobs": True, "top_logprobs": 5})
    except InputError:  # some servers refuse to give probabilities of tokens
        return await chat.complete(request)


def _read(choice: JsonObject) -> float | None:
    tokens = (choice.get("logprobs") or {}).get("content") or []
    for token in tokens:
        if _word(str(token.get("token", ""))) in _WORDS:
            return _weighed(token.get("top_logprobs") or [token])
    text = str((choice.get("message") or {}).get("content") or "").strip()
    if text and ABSTENTION.startswith(text[: len(ABSTENTION)].rstrip()):
        return 1 - SURE
    said = next((word for part in text.split() if (word := _word(part)) in _WORDS), None)
    return None if said is None else SURE if said == "yes" else 1 - SURE


def _weighed(alternatives: list[JsonObject]) -> float | None:
    """The share of yes in what the model gave to yes and to no."""
    mass = dict.fromkeys(_WORDS, 0.0)
    for one in alternatives:
        word = _word(str(one.get("token", "")))
        if word in mass:
            mass[word] += math.exp(float(one.get("logprob", -math.inf)))
    total = sum(mass.values())
    return min(_LIMIT, max(1 - _LIMIT, mass["yes"] / total)) if total > 0 else None


_WORDS = ("yes", "no")


def _word(token: str) -> str:
    return token.strip(" \n\t.,!*\"'▁Ġ").lower()
