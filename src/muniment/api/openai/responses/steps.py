"""Makes a response: searches, lets the generator or language model speak, and has the citations looked up."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from muniment.answer.briefing import Briefing
from muniment.answer.chat_generator import ChatGenerator, ToolCall
from muniment.answer.events import Delta, Finished, Retrieved
from muniment.answer.prompt import ABSTENTION
from muniment.api.collection_model import CHECKED
from muniment.api.marking import MarkedText, marked
from muniment.api.openai.hits import Hit, hits_of, relevance
from muniment.api.openai.responses.mcp_tools import McpStep, McpTools
from muniment.api.openai.responses.objects import (
    CitationEvidence,
    FileCitation,
    FileSearchResult,
    ResponseUsage,
)
from muniment.api.openai.responses.offers import Offers
from muniment.api.openai.responses.plan import Plan
from muniment.api.questions import checked_question
from muniment.collections.services import ServedWorkspace
from muniment.errors import NotOfferedError
from muniment.language.terms import WORD
from muniment.mcp.client import McpClient
from muniment.safety.shields import first_violation
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
    """Everything has been said, or everything before tools are called.

    Attributes:
        text: the whole text, which begins with all pieces.
        answer: the answer with its evidence, where documents carry it.
        calls: functions that the client is to call.
        cut: the text was cut off at its longest.
        waits: it goes on with calls of the server, or when the user has approved some; an empty text is then
            no message.
        is_refusal: a shield objected, and the text is what is said instead.
    """

    text: str
    citations: tuple[FileCitation, ...]
    answer: Answer | None
    calls: tuple[ToolCall, ...]
    usage: ResponseUsage
    cut: bool = False
    waits: bool = False
    is_refusal: bool = False


Step = Searched | Said | Ended | McpStep


class Maker:
    """Makes responses over one workspace."""

    def __init__(self, workspace: ServedWorkspace, settings: Settings, mcp: McpClient) -> None:
        self._workspace = workspace
        self._settings = settings
        self._mcp = mcp

    async def steps(self, plan: Plan, *, live: bool) -> AsyncIterator[Step]:
        """The response in the making; the last step is Ended.

        Args:
            live: whether somebody watches the text being written.

        Raises:
            MunimentError: whatever searching, the model or a shield raise.
        """
        if not plan.guards:
            async for step in self._made(plan, live=live):
                yield step
            return
        said = [*plan.turn.history, ("user", plan.turn.question)]
        if plan.turn.question and (violation := await first_violation(plan.guards, said)):
            yield Ended(
                violation.message, (), None, (), _usage(None, plan.turn.question, ""), is_refusal=True
            )
            return
        async for step in self._made(plan, live=False):
            if isinstance(step, Ended) and step.text:
                violation = await first_violation(plan.guards, [*said, ("assistant", step.text)])
                if violation:
                    yield Ended(violation.message, (), None, (), step.usage, is_refusal=True)
                    return
            # Pieces of text are held back until the whole has been judged.
            if not isinstance(step, Said):
                yield step

    async def _made(self, plan: Plan, *, live: bool) -> AsyncIterator[Step]:
        """The same without shields."""
        tools = McpTools(self._mcp, plan.servers, plan.turn.items, plan.asked.max_tool_calls)
        async for listed in tools.begin([function.name for function in plan.functions]):
            yield listed
        used: ResponseUsage | None = None
        most_rounds = self._settings.mcp.max_rounds
        for number in range(most_rounds + 1):
            ended: Ended | None = None
            offers = Offers(tools, is_first=number == 0, is_last=number == most_rounds)
            async for step in self._round(plan, offers, live=live):
                if isinstance(step, Ended):
                    ended = step
                elif number == 0 or not isinstance(step, Searched):
                    yield step
            assert ended is not None, "a round ends with Ended or an error"
            used = ended.usage if used is None else used.plus(ended.usage)
            own = [call for call in ended.calls if tools.is_own(call)]
            others = tuple(call for call in ended.calls if not tools.is_own(call))
            if not own or number == most_rounds:
                yield replace(ended, calls=others, usage=used)
                return
            yield replace(ended, calls=(), usage=used, waits=True)
            async for called in tools.calls(own, ended.text):
                yield called
            if others or tools.waits:
                yield replace(ended, text="", calls=others, usage=used, waits=True)
                return

    def _round(self, plan: Plan, offers: Offers, *, live: bool) -> AsyncIterator[Step]:
        """One question to the model, with what tools have answered so far."""
        if plan.searched is None:
            return self._chat(plan, offers, live=live)
        return self._answer(plan, offers, live=live)

    # -- without documents

    async def _chat(self, plan: Plan, offers: Offers, *, live: bool) -> AsyncIterator[Step]:
        messages = [*plan.turn.messages, *offers.messages]
        generator = _chat_generator(plan, offers.request(plan), (), live=live)
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

    async def _answer(self, plan: Plan, offers: Offers, *, live: bool) -> AsyncIterator[Step]:
        assert plan.searched is not None
        question = checked_question(plan.turn.question, self._settings)
        after = [*plan.turn.after, *offers.messages]
        speaks = bool(plan.has_tools or plan.format or after)
        generator = _chat_generator(plan, offers.request(plan), after, live=live) if speaks else None
        briefing = _briefing(plan, has_calls=bool(after), withhold=not (after or plan.format))
        events = self._workspace.answer_from(
            plan.searched, question, generator=generator or plan.speaker.generator, briefing=briefing
        )
        said = ""
        hits: tuple[Hit, ...] = ()
        async for event in events:
            if isinstance(event, Retrieved):
                hits = await self._hits(event.passages)
                yield Searched(event.queries or (question,), tuple(_result(hit) for hit in hits))
            elif isinstance(event, Delta):
                said += event.text
                if live:
                    yield Said(event.text)
            elif isinstance(event, Finished):
                # What tools gave, and what must have a form, is not marked: it may be right, or would break.
                text = marked(event.answer) if briefing.withhold else MarkedText(event.answer.text)
                yield _ended(event.answer, text, said, hits, generator, live=live)
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
    generator = _chat_generator(plan, {}, (), live=False)
    text = "".join([piece async for piece in generator.say(messages, {})])
    return text, _usage(generator, " ".join(str(one.get("content") or "") for one in messages), text)


def _chat_generator(
    plan: Plan, request: JsonObject, after: Sequence[JsonObject], *, live: bool
) -> ChatGenerator:
    speaker = plan.speaker
    assert speaker.chat is not None, "the planner lets nobody else have functions"
    return ChatGenerator(speaker.chat, speaker.context_tokens, request, after, live=live)


def _briefing(plan: Plan, *, has_calls: bool, withhold: bool) -> Briefing:
    instructions = plan.turn.briefing
    if plan.has_tools or has_calls:
        instructions = f"{WITH_FUNCTIONS}\n{instructions}"
    asked = plan.asked
    return Briefing(
        instructions,
        plan.turn.history,
        asked.max_output_tokens,
        asked.temperature or 0.0,
        withhold,
        must_answer=not plan.has_tools,
    )


def _ended(
    answer: Answer,
    checked: MarkedText,
    said: str,
    hits: Sequence[Hit],
    generator: ChatGenerator | None,
    *,
    live: bool,
) -> Ended:
    """The end of an answer from documents. What was sent live cannot be taken back, only corrected."""
    calls = generator.calls if generator else ()
    cut = bool(generator and generator.finish_reason == "length")
    if calls:
        return Ended(said, (), None, calls, _usage_of(answer, said, generator), cut)
    text, offset = _final(said if live else "", checked.text)
    # Its text stands, and documents carry nothing of it: it rests on something else.
    elsewhere = answer.verdict is AnswerVerdict.ABSTAINED and answer.text != ABSTENTION
    citations = _citations(answer, hits, checked, offset, len(text))
    evidence = None if elsewhere else answer
    return Ended(text, citations, evidence, (), _usage_of(answer, text, generator), cut)


def _final(said: str, checked: str) -> tuple[str, int]:
    """The whole text, and where the checked one begins in it."""
    if not said or checked.startswith(said):
        return checked, 0
    if checked == said.strip():
        return said, len(said) - len(said.lstrip())
    return said + CHECKED + checked, len(said + CHECKED)


def _citations(
    answer: Answer, hits: Sequence[Hit], checked: MarkedText, offset: int, length: int
) -> tuple[FileCitation, ...]:
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
                        index=min(offset + checked.moved(claim.end), length),
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
