"""The generator that quotes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from muniment.language.abbreviations import spelled_as
from muniment.protocols import Generator, Prompt, Provider, ProviderContext
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.choice import near
from muniment.providers.extractive.demands import holds_demanded, somebody_first
from muniment.providers.extractive.editions import of_latest_edition
from muniment.providers.extractive.nearness import Nearness
from muniment.providers.extractive.provisions import quoted_units
from muniment.providers.extractive.question import read_question
from muniment.providers.extractive.rendering import quoted
from muniment.providers.extractive.rivals import of_another_year
from muniment.providers.extractive.selection import select
from muniment.providers.extractive.shortlist import Shortlist, shortlist
from muniment.providers.extractive.support import (
    Limits,
    about_the_named,
    group_first,
    holds_for_others,
    supported,
)

_CONTEXT_TOKENS = 1_000_000


class ExtractiveOptions(BaseModel):
    """Options of the extractive generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_coverage: float = Field(
        default=Limits().coverage,
        ge=0,
        le=1,
        description="Share of the question's words, rare ones counting more, that one sentence with its "
        "headings must carry where no vectors are compared; below it nothing is answered.",
    )
    min_evidence: float = Field(
        default=Limits().evidence,
        ge=0,
        le=1,
        description="How near the nearest passage and sentence must stand to the question (mean cosine, "
        "raised a little by words in common); below it nothing is answered.",
    )


class ExtractiveGenerator:
    """Quotes the sentences, list items and table rows that answer; needs no model."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._nearness = Nearness()

    @property
    def name(self) -> str:
        """The name the settings give it."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """No model, so no limit but what retrieval may give."""
        return _CONTEXT_TOKENS

    @property
    def chat(self) -> None:
        """No model, so none to speak to."""

    @property
    def begins_ahead(self) -> bool:
        """It computes here alone, beside whoever judges whether to answer."""
        return True

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """One piece per quoted unit; nothing when the passages do not support an answer."""
        for piece in quoted(read_question(prompt.question), await self.choose(prompt)):
            yield piece

    async def choose(self, prompt: Prompt) -> list[Candidate]:
        """What is quoted, in order; nothing when the passages do not support an answer.

        Raises:
            UnavailableError: a remote embedding model does not answer.
        """
        found = await self.weigh(prompt)
        if found.provision and found.provision.wanted_whole:
            return quoted_units(found.provision)
        best = somebody_first(found.question, group_first(found.question, found.best))
        if not supported(found.question, best, prompt.passages, self._limits):
            return []
        first = best[0].candidate
        if holds_for_others(found.question, first) or of_another_year(found.question, first):
            return []
        chosen = select(found.question, found.weights, best, found.all)
        return chosen if holds_demanded(found.question, chosen) else []

    async def weigh(self, prompt: Prompt) -> Shortlist:
        """The candidates by their score, cosines counted in where the prompt has an embedding model."""
        found = await asyncio.to_thread(_shortlist, prompt)
        if prompt.embedder is None:
            return found
        candidates = [one.candidate for one in found.best]
        cosines = await self._nearness.cosines(found.question.text, candidates, prompt.embedder)
        nearer = [near(one, cosine) for one, cosine in zip(found.best, cosines, strict=True)]
        return replace(found, best=sorted(nearer, key=lambda one: -one.score))

    async def check(self) -> None:
        """Always able to answer."""

    async def aclose(self) -> None:
        """Holds nothing."""


def _shortlist(prompt: Prompt) -> Shortlist:
    texts = [given.passage.chunk.text for given in prompt.passages]
    question = read_question(spelled_as(prompt.question, texts))
    editions = of_latest_edition(question, prompt.passages)
    return shortlist(question, about_the_named(question, editions))


async def _create(options: ExtractiveOptions, context: ProviderContext) -> Generator:
    return ExtractiveGenerator(
        context.name or "extractive", Limits(options.min_coverage, options.min_evidence)
    )


PROVIDER: Provider[Generator] = Provider("extractive", ExtractiveOptions, _create)
