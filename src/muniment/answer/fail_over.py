"""Several generators behind one: when one cannot begin, the next is asked."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from muniment.answer.fail_over_chat import FailOverChatModel
from muniment.errors import SettingsError, UnavailableError
from muniment.protocols import BeginsAhead, ChatModel, CountsTokens, Generator, Prompt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A generator that writes, and why those asked before it could not."""

    generator: str
    pieces: AsyncIterator[str]
    failed: tuple[tuple[str, UnavailableError], ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how the text came about."""
        return tuple(
            f"Generator {name} could not answer ({error.code}: {error.message}); {self.generator} did."
            for name, error in self.failed
        )


async def begin(generator: Generator, prompt: Prompt) -> Begun:
    """Ask a generator, or the first of several that can answer.

    Raises:
        UnavailableError: none of several begins, or one that begins ahead; another single one raises when
            its pieces are read.
    """
    if isinstance(generator, FailOverGenerator):
        return await generator.begin(prompt)
    pieces = generator.stream(prompt)
    if begins_ahead(generator):
        pieces = _joined(await anext(pieces, None), pieces)
    return Begun(generator.name, pieces)


def begins_ahead(generator: Generator) -> bool:
    """Whether it may be begun before it is known whether an answer is wanted."""
    return isinstance(generator, BeginsAhead) and generator.begins_ahead


async def readiness_of(generator: Generator) -> str:
    """How the generator would answer now, in words; raises UnavailableError when it could not."""
    if isinstance(generator, FailOverGenerator):
        return await generator.readiness()
    await generator.check()
    return "answers"


class FailOverGenerator:
    """Asks generators in order until one gives its first piece; what breaks after that is an error.

    A refusal of the request itself (an InputError) is not failed over: the next would refuse it too.
    """

    def __init__(self, generators: Sequence[Generator]) -> None:
        if not generators:
            raise ValueError("FailOverGenerator needs at least one generator")
        self._generators = tuple(generators)

    @property
    def name(self) -> str:
        """The name of the first, which is the one asked for."""
        return self._generators[0].name

    @property
    def context_tokens(self) -> int:
        """The smallest context of all, so that a prompt fits whichever answers."""
        return min(generator.context_tokens for generator in self._generators)

    @property
    def chat(self) -> ChatModel | None:
        """The first one's language model, with those of the others to fall back to."""
        models = [generator.chat for generator in self._generators]
        if models[0] is None:
            return None
        return FailOverChatModel([model for model in models if model is not None])

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The pieces of the first generator that begins; errors as in ``begin``."""
        async for piece in (await self.begin(prompt)).pieces:
            yield piece

    async def begin(self, prompt: Prompt) -> Begun:
        """The first generator that gives a piece, or ends without one.

        Raises:
            UnavailableError: the last one's error with all names, when none begins.
        """
        failures: list[tuple[str, UnavailableError]] = []
        for generator in self._generators:
            pieces = generator.stream(prompt)
            try:
                first = await anext(pieces, None)
            except UnavailableError as error:
                failures.append((generator.name, error))
                log.warning(
                    "generator %r cannot answer (%s), asking the next one", generator.name, error.code
                )
            else:
                return Begun(generator.name, _joined(first, pieces), tuple(failures))
        raise _all_failed(failures)

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """As the first generator counts, which is the one expected to answer."""
        first = self._generators[0]
        return await first.count_tokens(texts) if isinstance(first, CountsTokens) else None

    async def check(self) -> None:
        """Passes when any of them can answer."""
        await self.readiness()

    async def readiness(self) -> str:
        """Which of them would answer now, and why not an earlier one."""
        failures: list[tuple[str, UnavailableError]] = []
        for generator in self._generators:
            try:
                await generator.check()
            except UnavailableError as error:
                failures.append((generator.name, error))
                continue
            told = " ".join(f"{name} does not answer: {error.message}" for name, error in failures)
            return f"{told} {generator.name} answers instead" if failures else "answers"
        raise _all_failed(failures)

    async def aclose(self) -> None:
        """Close all of them."""
        for generator in self._generators:
            await generator.aclose()


def with_fallbacks(
    generators: Mapping[str, Generator], fallbacks: Mapping[str, str | None]
) -> dict[str, Generator]:
    """The generators by name, each followed by its declared fallback, that one's fallback, and so on.

    Raises:
        SettingsError: code ``unknown_fallback`` or ``circular_fallback``.
    """
    made: dict[str, Generator] = {}
    for name in generators:
        chain = fallback_chain(name, {**dict.fromkeys(generators), **fallbacks})
        links = [generators[one] for one in chain]
        made[name] = FailOverGenerator(links) if len(links) > 1 else links[0]
    return made


def fallback_chain(name: str, fallbacks: Mapping[str, str | None]) -> list[str]:
    """The generator's name and those it falls back to, in order; ``fallbacks`` names every declared one.

    Raises:
        SettingsError: code ``unknown_fallback`` or ``circular_fallback``.
    """
    chain = [name]
    while (following := fallbacks[chain[-1]]) is not None:
        where = f"generators.{chain[-1]}.fallback"
        if following not in fallbacks:
            raise SettingsError(
                f"{where}: no generator {following!r} is declared; declared: {', '.join(sorted(fallbacks))}.",
                code="unknown_fallback",
                hint="Name a generator under `generators`, or `extractive`.",
            )
        if following in chain:
            raise SettingsError(
                f"{where}: {' -> '.join([*chain, following])} goes in a circle.",
                code="circular_fallback",
                hint="End the chain with a generator that has no fallback.",
            )
        chain.append(following)
    return chain


async def _joined(first: str | None, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    if first is not None:
        yield first
    async for piece in rest:
        yield piece


def _all_failed(failures: list[tuple[str, UnavailableError]]) -> UnavailableError:
    _, last = failures[-1]
    if len(failures) == 1:
        return last
    told = "; ".join(f"{name}: {error.message}" for name, error in failures)
    return type(last)(
        f"None of {len(failures)} generators can answer. {told}", code=last.code, hint=last.hint
    )
