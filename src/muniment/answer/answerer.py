"""From a question to a checked answer: retrieve, prompt, generate, ground."""

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from muniment.answer.briefing import PLAIN, Briefing
from muniment.answer.claims import split_claims
from muniment.answer.editions import conflicts, newest_first
from muniment.answer.events import AnswerEvent, Delta, Finished, Retrieved
from muniment.answer.fail_over import Begun, begin, begins_ahead
from muniment.answer.ground import ground, verdict_of
from muniment.answer.opinion import opinion, pooled
from muniment.answer.paraphrases import in_other_words
from muniment.answer.prompt import ABSTENTION, ANSWER_TOKENS, build_prompt, counted_texts
from muniment.answer.rewriting import standalone
from muniment.answer.tokens import counter
from muniment.errors import NotFoundError, UnavailableError
from muniment.protocols import Embedder, Generator, Prompt
from muniment.retrieve import Retrieval, join
from muniment.telemetry import Timings
from muniment.types import (
    Answer,
    AnswerVerdict,
    Claim,
    ClaimVerdict,
    Filter,
    ParsedDocument,
    Passage,
    SearchMode,
)

log = logging.getLogger(__name__)

if TYPE_CHECKING:  # it needs numpy, which a command that only shows answers can do without
    from muniment.answerability import Answerability, Assessment

DocumentLoader = Callable[[Passage], Awaitable[ParsedDocument]]
"""Gives the stored parsed document that a passage is of; raises NotFoundError when it is gone."""

_DOES_NOT_KNOW = re.compile(
    r"\bdocuments do not answer\b|\bi (?:do not|don[’']t) know\b"
    r"|\b(?:cannot|can[’']t|could not|unable to) (?:answer|find)\b"
    r"|\b(?:passages?|documents?|context|sources?|texts?)\b[^.]{0,60}\b(?:do(?:es)?|did) ?(?:not|n[’']t)"
    r" (?:answer|contain|provide|mention|specify|say|state|include|address|give)"
    r"|\bno (?:information|mention|answer)\b",
    re.I,
)
_MOST_REASONS = 4
_LONGEST_SUBJECT = 500
"""Characters of the words before a follow-up that are searched for with it."""
_LONGEST_REFUSAL = 2
"""An answer of more statements than this is no refusal, whatever it says in one of them."""


class Retriever(Protocol):
    """Searches one collection."""

    async def search(
        self, question: str, *, mode: SearchMode = ..., limit: int = ..., filter: Filter | None = ...
    ) -> Retrieval:
        """The passages that fit best; its errors are errors of the answer."""


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """How answers of a collection are made.

    Attributes:
        collection: its name; of several all names, joined by commas.
        top_k: passages that go to the generator at most.
        fits: which passages are looked at; all when omitted.
        briefing: what goes with the question.
        rewrite: whether the generator's language model makes follow-up questions whole for the search.
        min_confidence: the probability that the passages answer the question below which nothing is
            written.
        ask_model: whether the generator's language model is asked, too, if the passages answer.
    """

    collection: str
    top_k: int = 8
    mode: SearchMode = SearchMode.HYBRID
    fits: Callable[[Passage], bool] | None = None
    briefing: Briefing = PLAIN
    rewrite: bool = True
    min_confidence: float = 0.0
    ask_model: bool = False


class Answerer:
    """Answers questions about one collection, or several searched as one.

    Args:
        retriever: searches the collections.
        generator: writes the text.
        load_document: loads stored documents, against which every quote is checked. Called for each
            document of the prompt, so it should keep recent ones in memory.
        settings: the collection's name and sizes.
        count_tokens: counts the tokens of the prompt; when omitted, the model's own tokenizer where the
            generator offers it and it matters, an estimate that errs on the high side otherwise.
        embedder: the collection's model, handed to generators that compare sentences with the question.
        answerability: judges whether the passages answer; nothing is judged when omitted.
    """

    def __init__(
        self,
        retriever: Retriever,
        generator: Generator,
        load_document: DocumentLoader,
        settings: AnswerSettings,
        count_tokens: Callable[[str], int] | None = None,
        embedder: Embedder | None = None,
        answerability: "Answerability | None" = None,
    ) -> None:
        self._retriever = retriever
        self._generator = generator
        self._load_document = load_document
        self._settings = settings
        self._count_tokens = count_tokens
        self._embedder = embedder
        self._answerability = answerability

    async def answer(
        self, question: str, *, top_k: int | None = None, filter: Filter | None = None
    ) -> Answer:
        """The checked answer; errors as in ``stream``."""
        async for event in self.stream(question, top_k=top_k, filter=filter):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("stream() always ends with Finished or an error")

    async def stream(
        self, question: str, *, top_k: int | None = None, filter: Filter | None = None
    ) -> AsyncIterator[AnswerEvent]:
        """The answer in the making: Retrieved, Deltas as the generator writes, Finished.

        Raises:
            InputError: code ``prompt_too_long``.
            MunimentError: whatever retrieval or the generator raise; nothing of it becomes text.
        """
        timings = Timings()
        with timings.stage("retrieve"):
            queries = await self._queries(question)
            found = await self._retrieve(queries, top_k or self._settings.top_k, filter)
        timings.milliseconds.update({f"retrieve.{stage}": spent for stage, spent in found.timings.items()})
        yield Retrieved(found.passages, queries)
        if not found.passages and self._settings.briefing.withhold:
            note = "Nothing was retrieved for this question."
            yield Finished(self._abstained(question, (), timings, *found.notes, note))
            return
        judged, prompt, begun = await self._judged(question, found.passages, timings)
        if judged and self._withholds(judged):
            notes = (*found.notes, _looked_at_note(found.passages), *judged.lacks)
            answer = self._abstained(question, found.passages, timings, *notes)
            yield Finished(replace(answer, confidence=judged.confidence))
            return
        prompt = prompt or await self._prompt(question, found.passages, timings)
        begun = begun or await self._begin(prompt, timings)
        written: list[str] = []
        with timings.stage("generate"):
            async for piece in begun.pieces:
                written.append(piece)
                yield Delta(piece)
        answer = await self._finished("".join(written), prompt, found.passages, timings)
        notes = (*found.notes, *begun.notes, *answer.notes, *_left_open(answer, judged))
        confidence = judged.confidence if judged else None
        yield Finished(replace(answer, generator=begun.generator, notes=notes, confidence=confidence))

    async def _queries(self, question: str) -> tuple[str, ...]:
        """The question; a follow-up also made whole, by the model or by the words it follows."""
        settings, chat = self._settings, self._generator.chat
        if settings.rewrite and settings.briefing.subject and chat is not None:
            whole = await standalone(question, settings.briefing, chat)
            if whole:
                return tuple(dict.fromkeys((question, whole)))
        return search_queries(question, settings.briefing)

    async def _retrieve(self, queries: tuple[str, ...], limit: int, filter: Filter | None) -> Retrieval:
        """What fits the queries, passages of older editions last; the first query is the question."""
        settings = self._settings
        searches = [
            self._retriever.search(query, mode=settings.mode, limit=limit, filter=filter) for query in queries
        ]
        found = join(await asyncio.gather(*searches), limit)
        passages = newest_first(queries[0], found.passages)
        if settings.fits is not None:
            passages = tuple(one for one in passages if settings.fits(one))
        return replace(found, passages=passages)

    async def _judged(
        self, question: str, passages: tuple[Passage, ...], timings: Timings
    ) -> "tuple[Assessment | None, Prompt | None, Begun | None]":
        """Whether the passages answer, and what was made of the answer for that or meanwhile: the prompt,
        where the model is asked; its beginning, too, by a generator that can do so at the same time."""
        if begins_ahead(self._generator):
            prompt = await self._prompt(question, passages, timings)
            judging = self._judge(question, passages, timings)
            judged, begun = await asyncio.gather(judging, self._begin(prompt, timings))
            return judged, prompt, begun
        judged = await self._judge(question, passages, timings)
        if judged is None or not self._asks_model:
            return judged, None, None
        prompt = await self._prompt(question, passages, timings)
        return await self._with_opinion(judged, prompt, timings), prompt, None

    async def _begin(self, prompt: Prompt, timings: Timings) -> Begun:
        with timings.stage("generate"):
            return await begin(self._generator, prompt)

    async def _judge(
        self, question: str, passages: tuple[Passage, ...], timings: Timings
    ) -> "Assessment | None":
        """Whether the passages answer; a follow-up may also be answered as what it follows makes it."""
        if self._answerability is None or not passages:
            return None
        queries = search_queries(question, self._settings.briefing)
        with timings.stage("judge"):
            judged = [await self._answerability.assess(query, passages, self._embedder) for query in queries]
        return max(judged, key=lambda one: one.confidence)

    @property
    def _may_withhold(self) -> bool:
        return self._settings.briefing.withhold and self._settings.briefing.must_answer

    @property
    def _asks_model(self) -> bool:
        return self._settings.ask_model and self._may_withhold and self._generator.chat is not None

    async def _with_opinion(self, judged: "Assessment", prompt: Prompt, timings: Timings) -> "Assessment":
        """The judgement with the language model's own, where it gives one."""
        if self._generator.chat is None:
            return judged
        with timings.stage("ask_model"):
            said = await opinion(prompt, self._generator.chat)
        return judged if said is None else replace(judged, confidence=pooled(judged.confidence, said))

    def _withholds(self, judged: "Assessment") -> bool:
        return self._may_withhold and judged.confidence < self._settings.min_confidence

    async def _prompt(self, question: str, passages: tuple[Passage, ...], timings: Timings) -> Prompt:
        with timings.stage("prompt"):
            return await self._built_prompt(question, passages)

    async def _built_prompt(self, question: str, passages: tuple[Passage, ...]) -> Prompt:
        briefing = self._settings.briefing
        context = self._generator.context_tokens
        longest = min(briefing.max_tokens or ANSWER_TOKENS, context // 2)
        budget = context - longest
        count = self._count_tokens
        if count is None:
            count = await counter(self._generator, counted_texts(question, passages, briefing), budget)
        prompt = build_prompt(question, passages, budget, count, longest, briefing)
        return replace(prompt, embedder=self._embedder)

    async def _finished(
        self, text: str, prompt: Prompt, looked_at: tuple[Passage, ...], timings: Timings
    ) -> Answer:
        text = text.strip()
        withhold = self._settings.briefing.withhold
        if withhold and (not text or says_it_does_not_know(text)):
            note = _looked_at_note(looked_at)
            return self._abstained(prompt.question, looked_at, timings, note)
        given = {one.number: one.passage for one in prompt.passages}
        with timings.stage("ground"):
            claims = await self._grounded(text, given)
        verdict = verdict_of(claims)
        if withhold and verdict is AnswerVerdict.ABSTAINED:
            notes = (_looked_at_note(looked_at), _withheld_note(claims))
            return self._abstained(prompt.question, looked_at, timings, *notes)
        fitted = () if len(given) == len(looked_at) else (
            f"{len(given)} of {len(looked_at)} passages fitted into the generator's context.",
        )  # fmt: skip
        notes = (*fitted, *await asyncio.to_thread(conflicts, claims, looked_at))
        return Answer(
            _new_id(),
            prompt.question,
            self._settings.collection,
            text,
            verdict,
            claims,
            looked_at,
            self._generator.name,
            timings.milliseconds,
            notes,
        )

    async def _grounded(self, text: str, given: Mapping[int, Passage]) -> tuple[Claim, ...]:
        """The claims, checked. Only where what they cite does not carry them are the others looked at too."""
        cited = {number for statement in split_claims(text) for number in statement.cited}
        mine = [given[number] for number in given if number in cited]
        if mine:
            claims = await asyncio.to_thread(ground, text, given, await self._load(mine))
            if all(claim.verdict is ClaimVerdict.SUPPORTED and not claim.reasons for claim in claims):
                return claims
        documents = await self._load(given.values())
        claims = await asyncio.to_thread(ground, text, given, documents)
        if self._embedder is None:
            return claims
        try:
            return await in_other_words(claims, given, documents, self._embedder)
        except UnavailableError as error:
            log.warning("Claims in other words than their evidence stay unsupported: %s", error)
            return claims

    async def _load(self, passages: Iterable[Passage]) -> dict[str, ParsedDocument]:
        """Their documents by id. One deleted since it was retrieved is missing: its quotes are not found."""
        of = {passage.document_id: passage for passage in passages}
        loaded = await asyncio.gather(*map(self._load_document, of.values()), return_exceptions=True)
        documents: dict[str, ParsedDocument] = {}
        for document_id, document in zip(of, loaded, strict=True):
            if isinstance(document, ParsedDocument):
                documents[document_id] = document
            elif not (isinstance(document, NotFoundError) and document.code == "unknown_document"):
                raise document
        return documents

    def _abstained(
        self, question: str, looked_at: tuple[Passage, ...], timings: Timings, *notes: str
    ) -> Answer:
        return Answer(
            _new_id(),
            question,
            self._settings.collection,
            ABSTENTION,
            AnswerVerdict.ABSTAINED,
            (),
            looked_at,
            self._generator.name,
            timings.milliseconds,
            notes,
        )


def search_queries(question: str, briefing: Briefing) -> tuple[str, ...]:
    """What is searched for: the question, and for a follow-up the question with the words before it."""
    subject = briefing.subject[-_LONGEST_SUBJECT:]
    if not subject or len(question) > _LONGEST_SUBJECT:
        return (question,)
    return (question, f"{subject}\n{question}")


def says_it_does_not_know(text: str) -> bool:
    """Whether a generated text is a refusal to answer and nothing else."""
    statements = split_claims(text)
    if len(statements) > _LONGEST_REFUSAL or not _DOES_NOT_KNOW.search(
        statements[0].text if statements else text
    ):
        return False
    return ABSTENTION in text or not any(statement.cited for statement in statements)


def _looked_at_note(passages: tuple[Passage, ...]) -> str:
    places = []
    for passage in passages:
        pages = passage.chunk.pages
        places.append(f"{passage.document_name}, page {pages[0]}" if pages else passage.document_name)
    shown = list(dict.fromkeys(places))
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return f"Looked at: {'; '.join(shown[:5])}{more}."


def _left_open(answer: Answer, judged: "Assessment | None") -> tuple[str, ...]:
    """What is said where nothing was written though the passages seemed to answer."""
    if judged is None or answer.verdict is not AnswerVerdict.ABSTAINED:
        return ()
    return judged.lacks or ("What was found is about this, but none of it says what is asked.",)


def _withheld_note(claims: Iterable[Claim]) -> str:
    """Why nothing of what was written is shown; what is missing, not the statements themselves."""
    reasons = list(dict.fromkeys(reason for claim in claims for reason in claim.reasons))
    shown = "; ".join(reasons[:_MOST_REASONS])
    more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    said = "What the generator wrote is withheld: the passages carry none of its statements."
    return f"{said} Why: {shown}{more}." if shown else said


def _new_id() -> str:
    return f"ans_{secrets.token_hex(12)}"
