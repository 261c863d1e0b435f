"""Makes a response: searches, lets the generator or language model speak, and has the citations looked up."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from muniment.answer.answerer import search_queries
from muniment.answer.briefing import Briefing
from muniment.answer.chat_generator import ChatGenerator, ToolCall
from muniment.answer.events import Delta, Finished, Retrieved
from muniment.answer.prompt import ABSTENTION
from muniment.api.collection_model import CHECKED
from muniment.api.openai.hits import Hit, hits_of, relevance
from muniment.api.openai.responses.objects import (
    CitationEvidence,
    FileCitation,
    FileSearchResult,
    ResponseUsage,
)
from muniment.api.openai.responses.plan import Plan
from muniment.api.questions import checked_question
from muniment.collections.services import ServedWorkspace
from muniment.errors import NotOfferedError
from muniment.language.terms import WORD
from muniment.settings import Settings
from muniment.types import Answer, AnswerVerdict, CitationVerdict, JsonObject, Passage

WITH_FUNCTIONS = """Functions can be called as well. Call one when it can tell what the passages do not say; \
else answer. What a function gave may be used like a passage, without a number behind it."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched for, and what was found, best first."""

    queries: tuple[str, ...]
    results: tuple[FileSearchResult, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """The next piece of the text; not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything has been said.

    Attributes:
        text: the whole text, which begins with all pieces.
        answer: the answer with its evidence, where documents carry it.
        calls: functions that the client is to call.
        cut: the text was cut off at its longest.
    """

    text: str
    citations: tuple[FileCitation, ...]
    answer: Answer | None
    calls: tuple[ToolCall, ...]
    usage: ResponseUsage
    cut: bool = False


Step = Searched | Said | Ended


class Maker:
    """Makes responses over one workspace."""

    def __init__(self, workspace: ServedWorkspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    async def steps(self, plan: Plan, *, live: bool) -> AsyncIterator[Step]:
        """The response in the making; the last step is Ended.

        Args:
            live: whether somebody watches the text being written.

        Raises:
            MunimentError: whatever searching or the model raise.
        """
        made = self._chat(plan, live=live) if plan.searched is None else self._answer(plan, live=live)
        async for step in made:
            yield step

    # -- without documents

    async def _chat(self, plan: Plan, *, live: bool) -> AsyncIterator[Step]:
        messages = plan.turn.messages
        generator = _chat_generator(plan, (), live=live)
        limits: JsonObject = {}
        if plan.asked.temperature is not None:
            limits["temperature"] = plan.asked.temperature
        if plan.asked.max_output_tokens is not None:
            limits["max_tokens"] = plan.asked.max_output_tokens
        said: list[str] = []
        async for piece in generator.say(messages, limits):
            said.append(piece)
            yield Said(piece)
        text = "".join(said)
        usage = _usage(generator, " ".join(str(one.get("content") or "") for one in messages), text)
        yield Ended(text, (), None, generator.calls, usage, generator.finish_reason == "length")

    # -- from documents

    async def _answer(self, plan: Plan, *, live: bool) -> AsyncIterator[Step]:
        assert plan.searched is not None
        question = checked_question(plan.turn.question, self._settings)
        after = plan.turn.after
        speaks = bool(plan.functions or plan.format or after)
        generator = _chat_generator(plan, after, live=live) if speaks else None
        briefing = _briefing(plan, withhold=not (after or plan.format))
        events = self._workspace.answer_from(
            plan.searched, question, generator=generator or plan.speaker.generator, briefing=briefing
        )
        said = ""
        hits: tuple[Hit, ...] = ()
        async for event in events:
            if isinstance(event, Retrieved):
                hits = await self._hits(event.passages)
                yield Searched(search_queries(question, briefing), tuple(_result(hit) for hit in hits))
            elif isinstance(event, Delta):
                said += event.text
                if live:
                    yield Said(event.text)
            elif isinstance(event, Finished):
                yield _ended(event.answer, said, hits, generator, live=live)
        for collection in plan.searched.collections:
            await self._workspace.services.stores.touch(collection)

    async def _hits(self, passages: Sequence[Passage]) -> tuple[Hit, ...]:
        """The passages with their files, in their order."""
        found: dict[tuple[str, int], Hit] = {}
        for collection in dict.fromkeys(passage.collection for passage in passages):
            own = [(one, relevance(one)) for one in passages if one.collection == collection]
            for hit in await hits_of(self._workspace.services.stores, collection, own):
                found[(collection, hit.passage.id)] = hit
        keys = [(passage.collection, passage.id) for passage in passages]
        return tuple(found[key] for key in keys if key in found)


async def said_by_model(plan: Plan, messages: Sequence[JsonObject]) -> tuple[str, ResponseUsage]:
    """What the plan's language model says to these messages, without functions and documents.

    Raises:
        NotOfferedError: there is no language model.
        MunimentError: whatever the model raises.
    """
    if plan.speaker.chat is None:
        raise NotOfferedError(
            f"Model {plan.model!r} has no language model behind it, so it cannot write a summary.",
            hint="Declare a generator with a language model, and name it as the model.",
        )
    generator = _chat_generator(plan, (), live=False)
    text = "".join([piece async for piece in generator.say(messages, {})])
    return text, _usage(generator, " ".join(str(one.get("content") or "") for one in messages), text)


def _chat_generator(plan: Plan, after: Sequence[JsonObject], *, live: bool) -> ChatGenerator:
    speaker = plan.speaker
    assert speaker.chat is not None, "the planner lets nobody else have functions"
    return ChatGenerator(speaker.chat, speaker.context_tokens, plan.chat_request, after, live=live)


def _briefing(plan: Plan, *, withhold: bool) -> Briefing:
    instructions = plan.turn.briefing
    if plan.functions or plan.turn.after:
        instructions = f"{WITH_FUNCTIONS}\n{instructions}"
    asked = plan.asked
    return Briefing(
        instructions, plan.turn.history, asked.max_output_tokens, asked.temperature or 0.0, withhold
    )


def _ended(
    answer: Answer, said: str, hits: Sequence[Hit], generator: ChatGenerator | None, *, live: bool
) -> Ended:
    """The end of an answer from documents. What was sent live cannot be taken back, only corrected."""
    calls = generator.calls if generator else ()
    cut = bool(generator and generator.finish_reason == "length")
    if calls:
        return Ended(said, (), None, calls, _usage_of(answer, said, generator), cut)
    text, offset = _final(said if live else "", answer.text)
    # Its text stands, and documents carry nothing of it: it rests on something else.
    elsewhere = answer.verdict is AnswerVerdict.ABSTAINED and answer.text != ABSTENTION
    citations = _citations(answer, hits, offset, len(text))
    evidence = None if elsewhere else answer
    return Ended(text, citations, evidence, (), _usage_of(answer, text, generator), cut)


def _final(said: str, checked: str) -> tuple[str, int]:
    """The whole text, and where the checked one begins in it."""
    if not said or checked.startswith(said):
        return checked, 0
    if checked == said.strip():
        return said, len(said) - len(said.lstrip())
    return said + CHECKED + checked, len(said + CHECKED)


def _citations(answer: Answer, hits: Sequence[Hit], offset: int, length: int) -> tuple[FileCitation, ...]:
    """One for every citation that was verified, in the order of the text."""
    known = {(hit.passage.collection, hit.passage.id): hit for hit in hits}
    made: list[FileCitation] = []
    for claim in answer.claims:
        for citation in claim.citations:
            hit = known.get((citation.collection, citation.passage_id))
            if citation.verdict is CitationVerdict.VERIFIED and hit is not None:
                made.append(
                    FileCitation(
                        file_id=hit.file_id,
                        filename=hit.filename,
                        index=min(offset + claim.end, length),
                        muniment=CitationEvidence.of_citation(citation),
                    )
                )
    return tuple(made)


def _result(hit: Hit) -> FileSearchResult:
    return FileSearchResult(
        attributes={key: value for key, value in hit.attributes.items() if value is not None},
        file_id=hit.file_id,
        filename=hit.filename,
        score=hit.score,
        text=hit.passage.chunk.text,
        muniment=hit.evidence,
    )


def _usage_of(answer: Answer, text: str, generator: ChatGenerator | None) -> ResponseUsage:
    read = " ".join([answer.question, *(passage.chunk.text for passage in answer.looked_at)])
    return _usage(generator, read, text)


def _usage(generator: ChatGenerator | None, read: str, written: str) -> ResponseUsage:
    counted = generator.usage if generator else {}
    given, made = counted.get("prompt_tokens"), counted.get("completion_tokens")
    if not isinstance(given, int) or not isinstance(made, int):
        given, made = len(WORD.findall(read)), len(WORD.findall(written))
    return ResponseUsage(input_tokens=given, output_tokens=made, total_tokens=given + made)
