"""What every generator must do, as a pytest class to inherit from.

A subclass gives a fixture ``generator``: a generator that is ready to answer.
"""

import asyncio

from muniment.protocols import Generator, Prompt, PromptPassage
from muniment.types import Chunk, Passage, Span

TEXT = (
    "The warranty of the Sluice 300 pump lasts 36 months. It begins on the day of delivery.\n"
    "Pumps are sent back to the plant in Lindhaven."
)


def passage(number: int, text: str, heading: str = "Warranty") -> Passage:
    """A passage whose document holds nothing but its text."""
    chunk = Chunk(0, text, heading, (heading,), (Span(0, len(text), 1),), len(text) // 4)
    return Passage(number, f"doc-{number}", f"manual-{number}.pdf", chunk, 1.0 / number)


def prompt(question: str = "How long does the warranty of the Sluice 300 last?", *texts: str) -> Prompt:
    """A prompt with a passage per text, numbered from 1."""
    given = tuple(PromptPassage(n, passage(n, text)) for n, text in enumerate(texts or (TEXT,), start=1))
    shown = "\n".join(f"[{one.number}] {one.passage.chunk.text}" for one in given)
    messages = (("system", "Answer from the passages."), ("user", f"{shown}\n{question}"))
    return Prompt(question, given, messages, max_tokens=48)


class GeneratorContract:
    """Promises of the Generator protocol."""

    async def test_has_a_name(self, generator: Generator) -> None:
        """Answers say who wrote them."""
        assert generator.name

    async def test_says_how_much_it_reads(self, generator: Generator) -> None:
        """A prompt is cut to its context, which holds at least a passage and an answer."""
        assert generator.context_tokens >= 512

    async def test_check_passes_when_it_can_answer(self, generator: Generator) -> None:
        """A generator that is ready says so by raising nothing."""
        await generator.check()

    async def test_its_language_model_goes_by_its_name(self, generator: Generator) -> None:
        """Where there is one to speak to."""
        assert generator.chat is None or generator.chat.name == generator.name

    async def test_pieces_join_to_a_text(self, generator: Generator) -> None:
        """Something is said, in non-empty pieces."""
        pieces = [piece async for piece in generator.stream(prompt())]
        assert "".join(pieces).strip()
        assert all(pieces)

    async def test_answers_concurrent_readers_alike(self, generator: Generator) -> None:
        """At temperature 0, readers at the same time get the same text."""

        async def read() -> str:
            return "".join([piece async for piece in generator.stream(prompt())])

        first, second = await asyncio.gather(read(), read())
        assert first == second

    async def test_a_reader_may_stop_early(self, generator: Generator) -> None:
        """After a reader left, the next one is served."""
        stream = generator.stream(prompt())
        async for _ in stream:
            break
        await stream.aclose()  # type: ignore[attr-defined]  # every implementation is an async generator
        assert [piece async for piece in generator.stream(prompt())]
