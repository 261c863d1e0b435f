"""A scripted generator for tests and for trying things out: no model, no network, always the same."""

import re
from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import UnavailableError
from muniment.protocols import Generator, Prompt, Provider, ProviderContext


class FakeGeneratorOptions(BaseModel):
    """Options of the fake generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: dict[str, str] = Field(
        default_factory=dict,
        description="Answers by question; other questions get the first passage's first line.",
    )
    fail_after: int | None = Field(
        default=None,
        ge=0,
        description="Raise `generator_unavailable` after this many pieces; never when omitted.",
    )
    context_tokens: int = Field(default=8192, ge=512, description="Context in tokens, answer included.")
    fallback: str | None = Field(default=None, description="Generator asked when this one cannot begin.")


class FakeGenerator:
    """Answers from a script, else with the first line of the first passage, cited as [1]."""

    def __init__(self, name: str = "fake", options: FakeGeneratorOptions | None = None) -> None:
        self._name = name
        self._options = options or FakeGeneratorOptions()

    @property
    def name(self) -> str:
        """The name the settings give it."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """As the options say."""
        return self._options.context_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The scripted answer, a word at a time."""
        limit = self._options.fail_after
        for count, piece in enumerate(re.findall(r"\S+\s*", self._text(prompt))):
            if limit is not None and count >= limit:
                break
            yield piece
        if limit is not None:
            raise UnavailableError(
                f"Generator {self._name!r} failed after {limit} pieces, as it was told to.",
                code="generator_unavailable",
                hint="Remove `fail_after`.",
            )

    async def check(self) -> None:
        """Fails when it was told to fail before the first piece."""
        if self._options.fail_after == 0:
            raise UnavailableError(
                f"Generator {self._name!r} fails at once, as it was told to.",
                code="generator_unavailable",
                hint="Remove `fail_after`.",
            )

    async def aclose(self) -> None:
        """Holds nothing."""

    def _text(self, prompt: Prompt) -> str:
        scripted = self._options.answers.get(prompt.question)
        if scripted is not None:
            return scripted
        if not prompt.passages:
            return ""
        first = prompt.passages[0]
        return f"{first.passage.chunk.text.splitlines()[0]} [{first.number}]"


async def _create(options: FakeGeneratorOptions, context: ProviderContext) -> Generator:
    return FakeGenerator(context.name or "fake", options)


PROVIDER: Provider[Generator] = Provider("fake", FakeGeneratorOptions, _create)
