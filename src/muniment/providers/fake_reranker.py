"""Scores a text by the share of the query's words that stand in it: deterministic, without a model."""

import asyncio
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import UnavailableError
from muniment.protocols import Provider, ProviderContext, Reranker

_WORD = re.compile(r"\w+")


class FakeRerankerOptions(BaseModel):
    """Options of the provider ``fake``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(default=None, description="Name of the model, as listings show it.")
    reverse: bool = Field(default=False, description="The text with the fewest words is best.")
    fails: bool = Field(default=False, description="Answers nothing, as a server that is down.")


class FakeReranker:
    """Scores from 0 to 1."""

    def __init__(self, name: str, options: FakeRerankerOptions) -> None:
        self.name = name
        self._options = options

    async def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """The shares; errors as the protocol's, all of them with ``fails``."""
        await self.check()
        words = _words(query)
        shares = [len(words & _words(text)) / len(words) if words else 0.0 for text in texts]
        return [1.0 - share for share in shares] if self._options.reverse else shares

    async def check(self) -> None:
        """Whether it was told to fail."""
        await asyncio.sleep(0)
        if self._options.fails:
            raise UnavailableError(
                f"Reranker {self.name!r} was told to fail.",
                code="reranker_unavailable",
                hint="Leave `fails` out.",
            )

    async def aclose(self) -> None:
        """Nothing to free."""


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


async def _create(options: FakeRerankerOptions, context: ProviderContext) -> Reranker:
    return FakeReranker(context.name or "fake", options)


PROVIDER: Provider[Reranker] = Provider(name="fake", options=FakeRerankerOptions, create=_create)
