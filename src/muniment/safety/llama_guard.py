"""What a Llama Guard is asked, and how its verdict is read.

The prompt, the categories and the form of the verdict are those that Meta has published with Llama Guard 3
(the taxonomy of MLCommons, S1 to S13, and S14), in the words that Llama Stack sends.
"""

import re
from collections.abc import Sequence

from muniment.errors import UnavailableError
from muniment.types import JsonObject

CATEGORIES = {
    "S1": "Violent Crimes",
    "S2": "Non-Violent Crimes",
    "S3": "Sex Crimes",
    "S4": "Child Exploitation",
    "S5": "Defamation",
    "S6": "Specialized Advice",
    "S7": "Privacy",
    "S8": "Intellectual Property",
    "S9": "Indiscriminate Weapons",
    "S10": "Hate",
    "S11": "Self-Harm",
    "S12": "Sexual Content",
    "S13": "Elections",
    "S14": "Code Interpreter Abuse",
}
"""Names of the categories by code."""

MOST_TOKENS = 64
"""Of a verdict; all fourteen codes take fewer."""

PROMPT = """Task: Check if there is unsafe content in '{speaker}' messages in conversation according our \
safety policy with the below categories.

<BEGIN UNSAFE CONTENT CATEGORIES>

{categories}

<END UNSAFE CONTENT CATEGORIES>

<BEGIN CONVERSATION>

{conversation}

<END CONVERSATION>

Provide your safety assessment for ONLY THE LAST {speaker} message in the above conversation:
 - First line must read 'safe' or 'unsafe'.
 - If unsafe, a second line must include a comma-separated list of violated categories."""

_MARK = re.compile(r"<(?=\s*/?\s*(?:BEGIN|END)\b|\|)", re.I)
_SPEAKER = re.compile(r"^(\W*(?:user|agent))\W*:", re.I | re.M)
_CODES = re.compile(r"S(?:1[0-4]|[1-9])(?:\s*,\s*S(?:1[0-4]|[1-9]))*")

Said = tuple[str, str]
"""Role (``user`` or ``assistant``) and text of a message."""


def guard_request(messages: Sequence[Said]) -> JsonObject:
    """The chat request that has the last of the messages judged; there is at least one."""
    speaker = _speaker(messages[-1][0])
    conversation = "\n\n".join(f"{_speaker(role)}: {_defused(text)}" for role, text in messages)
    categories = "\n".join(f"{code}: {name}." for code, name in CATEGORIES.items())
    prompt = PROMPT.format(speaker=speaker, categories=categories, conversation=conversation)
    return {
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 0.0,
        "max_tokens": MOST_TOKENS,
    }


def verdict_of(completion: JsonObject, shield: str) -> tuple[str, ...]:
    """The codes of the violated categories, in their order; none when the model says ``safe``.

    Raises:
        UnavailableError: ``shield_unreadable``, for all but ``safe``, or ``unsafe`` and a line of codes.
    """
    choice = (completion.get("choices") or [{}])[0]
    said = str((choice.get("message") or {}).get("content") or "").strip()
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if choice.get("finish_reason") != "length":
        if lines == ["safe"]:
            return ()
        if len(lines) == 2 and lines[0] == "unsafe" and _CODES.fullmatch(lines[1]):
            found = {code.strip() for code in lines[1].split(",")}
            return tuple(code for code in CATEGORIES if code in found)
    raise UnavailableError(
        f"Shield {shield[:80]!r} gave no verdict: its model said {said[:200]!r}.",
        code="shield_unreadable",
        hint="Nothing was judged. The model behind a shield must be a Llama Guard, which answers 'safe', or "
        "'unsafe' and a line of categories.",
    )


def _speaker(role: str) -> str:
    return "Agent" if role == "assistant" else "User"


def _defused(text: str) -> str:
    """The text without anything that could end the conversation it stands in, or pose as a message of it."""
    return _SPEAKER.sub(r"\1 -", _MARK.sub("‹", text))
