"""From a question and passages to text."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from muniment.protocols.chat_model import ChatModel
from muniment.protocols.embedder import Embedder
from muniment.types import Passage


@dataclass(frozen=True, slots=True)
class PromptPassage:
    """A passage with the 1-based number the generator cites it by, as ``[1]``."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator is asked.

    Attributes:
        messages: (role, content) pairs as a chat model takes them; the last is the question with
            its numbered passages.
        embedder: the model that retrieved the passages, for generators that compare sentences with
            the question.
    """

    question: str
    passages: tuple[PromptPassage, ...]
    messages: tuple[tuple[str, str], ...]
    max_tokens: int = 512
    temperature: float = 0.0
    embedder: Embedder | None = None


class Generator(Protocol):
    """Writes an answer that cites passages by number."""

    @property
    def name(self) -> str:
        """The name the settings give it."""

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""

    @property
    def chat(self) -> ChatModel | None:
        """The language model behind it, for callers who speak to it directly; None when there is none."""

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer's text in pieces; citation marks such as ``[2]`` stand behind what they prove.

        Raises:
            UnavailableError: code ``generator_unavailable``, before the first piece only when
                nothing could be had; after it, the stream broke.
        """

    async def check(self) -> None:
        """Whether it can answer now; raises UnavailableError that says what to do."""

    async def aclose(self) -> None:
        """Free the model or connection."""


@runtime_checkable
class BeginsAhead(Protocol):
    """A generator that may be begun before it is known whether an answer is wanted: it asks nobody else."""

    @property
    def begins_ahead(self) -> bool:
        """Whether that is so."""


@runtime_checkable
class CountsTokens(Protocol):
    """A generator that can count with its model's own tokenizer."""

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """Tokens of each text; None when the tokenizer cannot be had just now."""
