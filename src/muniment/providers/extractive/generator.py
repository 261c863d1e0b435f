"""The generator that quotes."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from muniment.language.units import UnitKind
from muniment.protocols import Generator, Prompt, Provider, ProviderContext
from muniment.providers.extractive.candidates import Candidate
from muniment.providers.extractive.nearness import Nearness
from muniment.providers.extractive.question import read_question
from muniment.providers.extractive.selection import select
from muniment.providers.extractive.shortlist import Shortlist, shortlist
from muniment.providers.extractive.support import Limits, about_the_named, of_latest_edition, supported

_CONTEXT_TOKENS = 1_000_000
_MARK = re.compile(r"[\[【](\d+(?:\s*[,;–-]\s*\d+)*)[\]】]")


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

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """One piece per quoted unit; nothing when the passages do not support an answer."""
        for piece in quoted(await self.choose(prompt)):
            yield piece

    async def choose(self, prompt: Prompt) -> list[Candidate]:
        """What is quoted, in order; nothing when the passages do not support an answer.

        Raises:
            UnavailableError: a remote embedding model does not answer.
        """
        found = await self.weigh(prompt)
        if not supported(found.question, found.best, prompt.passages, self._limits):
            return []
        return select(found.question, found.weights, found.best, found.all)

    async def weigh(self, prompt: Prompt) -> Shortlist:
        """The candidates by their score, cosines counted in where the prompt has an embedding model."""
        found = await asyncio.to_thread(_shortlist, prompt)
        if prompt.embedder is None:
            return found
        candidates = [one.candidate for one in found.best]
        cosines = await self._nearness.cosines(prompt.question, candidates, prompt.embedder)
        near = [one.near(cosine) for one, cosine in zip(found.best, cosines, strict=True)]
        return replace(found, best=sorted(near, key=lambda one: -one.score))

    async def check(self) -> None:
        """Always able to answer."""

    async def aclose(self) -> None:
        """Holds nothing."""


def quoted(chosen: list[Candidate]) -> Iterator[str]:
    """One piece per candidate: its text under its table's header, with its mark."""
    before: Candidate | None = None
    for candidate in chosen:
        yield _separator(before, candidate) + _quoted(before, candidate)
        before = candidate


def _shortlist(prompt: Prompt) -> Shortlist:
    question = read_question(prompt.question)
    editions = of_latest_edition(question, prompt.passages)
    return shortlist(question, about_the_named(question, editions))


def _quoted(before: Candidate | None, candidate: Candidate) -> str:
    """The unit with its mark. Marks in the text itself lose their brackets: they cite nothing here."""
    text = _MARK.sub(r"(\1)", candidate.text)
    header = candidate.unit.header
    if header and (before is None or before.unit.header != header or before.passage != candidate.passage):
        text = _MARK.sub(r"(\1)", candidate.passage.passage.chunk.text[slice(*header)]) + "\n" + text
    return f"{text} [{candidate.passage.number}]"


def _separator(before: Candidate | None, candidate: Candidate) -> str:
    if before is None:
        return ""
    if candidate.passage.number != before.passage.number:
        return "\n\n"
    running = UnitKind.SENTENCE in (candidate.unit.kind,) and before.unit.kind is UnitKind.SENTENCE
    new_table = candidate.unit.header is not None and candidate.unit.header != before.unit.header
    return " " if running else "\n\n" if new_table else "\n"


async def _create(options: ExtractiveOptions, context: ProviderContext) -> Generator:
    return ExtractiveGenerator(
        context.name or "extractive", Limits(options.min_coverage, options.min_evidence)
    )


PROVIDER: Provider[Generator] = Provider("extractive", ExtractiveOptions, _create)
