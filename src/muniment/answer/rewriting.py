"""A follow-up question made whole by a language model, so that it can be searched for alone."""

import asyncio
import logging

from muniment.answer.briefing import Briefing
from muniment.errors import MunimentError
from muniment.language.terms import content_stems
from muniment.protocols import ChatModel, JsonObject

log = logging.getLogger(__name__)

REWRITE = """You make follow-up questions whole. Write the last question of the conversation so that it can \
be understood without the rest: put the names and things meant in place of words such as "it", "they" or \
"there". Write that one question in its own language and nothing else. A question that is whole already is \
written as it is."""

_TURNS = 4
_LONGEST_TURN = 600
_LONGEST_QUESTION = 400
_TOKENS = 96
_SECONDS = 8.0
"""A model that takes longer is not waited for: the follow-up is searched as it is."""


async def standalone(question: str, briefing: Briefing, chat: ChatModel) -> str | None:
    """The question as it would be asked without the conversation; None when the model gives none in time."""
    request: JsonObject = {
        "messages": _messages(question, briefing),
        "max_tokens": _TOKENS,
        "temperature": 0.0,
    }
    try:
        async with asyncio.timeout(_SECONDS):
            completion = await chat.complete(request)
    except (MunimentError, TimeoutError) as error:
        log.info("a follow-up is searched as it is: %s", error)
        return None
    choices = completion.get("choices") or [{}]
    whole = _question(str((choices[0].get("message") or {}).get("content") or ""))
    return whole if whole and _keeps(question, whole) else None


def _messages(question: str, briefing: Briefing) -> list[JsonObject]:
    said = [f"{role}: {text[:_LONGEST_TURN]}" for role, text in briefing.history[-_TURNS:]]
    conversation = "\n".join((*said, f"user: {question}"))
    return [
        {"role": "system", "content": REWRITE},
        {"role": "user", "content": f"{conversation}\n\nThe last question, made whole:"},
    ]


def _question(written: str) -> str | None:
    """The first line that says something; None for what is no question of a sensible length."""
    line = next((line.strip() for line in written.splitlines() if line.strip()), "")
    line = line.strip("\"'“”` ").removeprefix("Question:").strip()
    return line if 3 < len(line) <= _LONGEST_QUESTION else None


def _keeps(question: str, whole: str) -> bool:
    """Whether the model kept to the question: half of its content words or more are there."""
    asked = set(content_stems(question))
    return 2 * len(asked & set(content_stems(whole))) >= len(asked)
