from collections.abc import AsyncIterator

import pytest

from muniment.answer.answerer import Answerer, AnswerSettings, says_it_does_not_know
from muniment.answer.briefing import Briefing
from muniment.answer.events import Delta, Finished, Retrieved
from muniment.answer.prompt import ABSTENTION
from muniment.answerability import Answerability
from muniment.errors import NotFoundError, UnavailableError
from muniment.protocols import Generator, Prompt
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.providers.fake_generator import FakeGenerator, FakeGeneratorOptions
from muniment.retrieve import Retrieval
from muniment.testing.generator import TEXT, passage
from muniment.types import (
    AnswerVerdict,
    CitationVerdict,
    Filter,
    ParsedDocument,
    Passage,
    SearchMode,
)

QUESTION = "How long does the warranty of the Sluice 300 last?"


class Shelf:
    """A retriever that always finds the same passages, and the documents they are from."""

    def __init__(self, *texts: str) -> None:
        self.passages = tuple(passage(n, text) for n, text in enumerate(texts, start=1))
        self.error: UnavailableError | None = None
        self.asked: list[str] = []

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        self.asked.append(question)
        if self.error:
            raise self.error
        return Retrieval(self.passages[:limit], {"embed": 1.0})

    async def document(self, passage: Passage) -> ParsedDocument:
        if passage in self.passages:
            return ParsedDocument("0" * 64, "Manual", passage.chunk.text, (), (), "test 1")
        raise NotFoundError(f"No document {passage.document_id}.", code="unknown_document")


class Listener(FakeGenerator):
    """Remembers what it was asked."""

    def __init__(self, name: str, options: FakeGeneratorOptions) -> None:
        super().__init__(name, options)
        self.heard: list[Prompt] = []

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.heard.append(prompt)
        return super().stream(prompt)


def answerer(shelf: Shelf, generator: Generator | str) -> Answerer:
    if isinstance(generator, str):
        generator = FakeGenerator("fake", FakeGeneratorOptions(answers={QUESTION: generator}))
    return Answerer(shelf, generator, shelf.document, AnswerSettings("docs"))


async def test_an_extractive_answer_is_grounded() -> None:
    answer = await answerer(Shelf(TEXT), ExtractiveGenerator("extractive", Limits())).answer(QUESTION)
    assert answer.text == "The warranty of the Sluice 300 pump lasts 36 months. [1]"
    assert answer.verdict is AnswerVerdict.GROUNDED
    assert answer.claims[0].citations[0].quote == "The warranty of the Sluice 300 pump lasts 36 months."
    assert answer.claims[0].citations[0].page == 1
    assert answer.id.startswith("ans_")
    assert set(answer.timings) == {"retrieve", "retrieve.embed", "prompt", "generate", "ground"}


async def test_the_generator_gets_the_model_that_retrieved() -> None:
    embedder = FakeEmbedder("fake", FakeEmbedderOptions())
    listener = Listener("fake", FakeGeneratorOptions())
    shelf = Shelf(TEXT)
    await Answerer(shelf, listener, shelf.document, AnswerSettings("docs"), embedder=embedder).answer(
        QUESTION
    )
    assert [prompt.embedder for prompt in listener.heard] == [embedder]


async def test_events_come_in_order_and_the_last_one_counts() -> None:
    events = [event async for event in answerer(Shelf(TEXT), "It lasts 36 months [1].").stream(QUESTION)]
    assert isinstance(events[0], Retrieved)
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "It lasts 36 months [1]."
    assert isinstance(events[-1], Finished)
    assert events[-1].answer.verdict is AnswerVerdict.GROUNDED


class Lender(Shelf):
    """Remembers which documents were taken."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts)
        self.taken: list[str] = []

    async def document(self, passage: Passage) -> ParsedDocument:
        self.taken.append(passage.document_id)
        return await super().document(passage)


async def test_only_what_is_cited_is_read_when_it_carries_the_answer() -> None:
    shelf = Lender("Cats sleep all day.", TEXT, "Dogs bark at night.")
    answer = await answerer(shelf, "The warranty of the Sluice 300 pump lasts 36 months. [2]").answer(
        QUESTION
    )
    assert answer.verdict is AnswerVerdict.GROUNDED
    assert shelf.taken == [shelf.passages[1].document_id]


@pytest.mark.parametrize("mark", ["", " [1]"])
async def test_evidence_is_looked_for_in_all_documents_where_the_mark_is_missing_or_wrong(mark: str) -> None:
    shelf = Lender("Cats sleep all day.", TEXT, "Dogs bark at night.")
    said = f"The warranty of the Sluice 300 pump lasts 36 months.{mark}"
    answer = await answerer(shelf, said).answer(QUESTION)
    assert answer.verdict is AnswerVerdict.GROUNDED
    assert set(shelf.taken) == {one.document_id for one in shelf.passages}
    assert answer.claims[0].citations[-1].document_id == shelf.passages[1].document_id


async def test_an_unfounded_part_is_marked() -> None:
    said = "The warranty lasts 36 months [1]. It covers theft [1]. Returns go to Lindhaven [9]."
    answer = await answerer(Shelf(TEXT), said).answer(QUESTION)
    assert answer.verdict is AnswerVerdict.PARTLY_GROUNDED
    assert [claim.verdict.value for claim in answer.claims] == ["supported", "unsupported", "unsupported"]
    assert answer.claims[2].citations[0].verdict is CitationVerdict.NOT_GIVEN


@pytest.mark.parametrize(
    "said", ["", ABSTENTION, "The passages do not mention the warranty.", "I don't know."]
)
async def test_a_generator_that_does_not_know_makes_an_abstention(said: str) -> None:
    answer = await answerer(Shelf(TEXT), said).answer(QUESTION)
    assert (answer.verdict, answer.text, answer.claims) == (AnswerVerdict.ABSTAINED, ABSTENTION, ())
    assert answer.notes == ("Looked at: manual-1.pdf, page 1.",)
    assert len(answer.looked_at) == 1


async def test_an_answer_without_any_support_is_withheld() -> None:
    answer = await answerer(Shelf(TEXT), "The canteen is closed on Mondays [1].").answer(QUESTION)
    assert (answer.verdict, answer.text) == (AnswerVerdict.ABSTAINED, ABSTENTION)
    assert "withheld" in answer.notes[1]


async def test_nothing_retrieved_makes_an_abstention_without_asking_the_generator() -> None:
    failing = FakeGenerator("fake", FakeGeneratorOptions(fail_after=0))
    answer = await answerer(Shelf(), failing).answer(QUESTION)
    assert answer.verdict is AnswerVerdict.ABSTAINED
    assert answer.looked_at == ()


async def test_failures_are_errors_and_never_text() -> None:
    shelf = Shelf(TEXT)
    with pytest.raises(UnavailableError, match="failed after 2 pieces"):
        await answerer(shelf, FakeGenerator("fake", FakeGeneratorOptions(fail_after=2))).answer(QUESTION)
    shelf.error = UnavailableError("The store does not answer.", code="store_unavailable")
    with pytest.raises(UnavailableError, match="store does not answer"):
        await answerer(shelf, "Words [1].").answer(QUESTION)


async def test_a_document_deleted_meanwhile_verifies_nothing() -> None:
    shelf = Shelf(TEXT)
    maker = answerer(shelf, "The warranty lasts 36 months [1].")
    found = await shelf.search(QUESTION)
    shelf.passages = ()
    shelf.search = lambda *_, **__: _later(found)  # type: ignore[method-assign,assignment,misc]
    answer = await maker.answer(QUESTION)
    assert answer.verdict is AnswerVerdict.ABSTAINED


async def _later(found: Retrieval) -> Retrieval:
    return found


def test_a_denial_inside_an_answer_is_no_refusal() -> None:
    assert not says_it_does_not_know("The warranty does not cover theft [1].")
    assert not says_it_does_not_know(
        "The documents do not mention theft. Wear is covered [1]. So is rust [2]."
    )
    assert not says_it_does_not_know("No information security training is needed in the first year [1].")


async def test_a_follow_up_is_searched_with_what_it_follows() -> None:
    shelf = Shelf(TEXT)
    briefing = Briefing(history=(("user", "Tell me of the Sluice 300."), ("assistant", "It is a pump.")))
    listener = Listener("fake", FakeGeneratorOptions())
    settings = AnswerSettings("docs", briefing=briefing)
    await Answerer(shelf, listener, shelf.document, settings).answer("How long is its warranty?")
    assert shelf.asked == [
        "How long is its warranty?",
        "Tell me of the Sluice 300.\nHow long is its warranty?",
    ]
    assert [role for role, _ in listener.heard[0].messages] == ["system", "user", "assistant", "user"]


async def test_a_text_that_rests_on_more_than_passages_is_checked_but_not_withheld() -> None:
    said = "The canteen is closed on Mondays. The warranty lasts 36 months [1]."
    for text, verdicts in ((said, ["uncited", "supported"]), ("The canteen is closed.", ["uncited"])):
        generator = FakeGenerator("fake", FakeGeneratorOptions(answers={QUESTION: text}))
        shelf = Shelf(TEXT)
        settings = AnswerSettings("docs", briefing=Briefing(withhold=False))
        answer = await Answerer(shelf, generator, shelf.document, settings).answer(QUESTION)
        assert answer.text == text
        assert [claim.verdict.value for claim in answer.claims] == verdicts


async def test_only_passages_that_fit_are_looked_at() -> None:
    shelf = Shelf(TEXT, "Something else.")
    settings = AnswerSettings("docs", fits=lambda one: one.score > 0.9)
    generator = FakeGenerator("fake", FakeGeneratorOptions())
    answer = await Answerer(shelf, generator, shelf.document, settings).answer(QUESTION)
    assert [one.id for one in answer.looked_at] == [1]


async def test_below_the_threshold_nothing_is_written_and_what_lacks_is_said() -> None:
    listener, shelf = Listener("fake", FakeGeneratorOptions()), Shelf(TEXT)
    settings = AnswerSettings("docs", min_confidence=1.0)
    asked = Answerer(shelf, listener, shelf.document, settings, answerability=Answerability())
    answer = await asked.answer("Who founded the company in Lyon?")
    assert answer.verdict is AnswerVerdict.ABSTAINED
    assert answer.text == ABSTENTION
    assert answer.confidence is not None and 0 < answer.confidence < 1
    assert "No passage names “Lyon”." in answer.notes
    assert listener.heard == []


async def test_above_the_threshold_the_answer_carries_its_confidence() -> None:
    generator, shelf = ExtractiveGenerator("extractive", Limits()), Shelf(TEXT)
    settings = AnswerSettings("docs", min_confidence=0.0)
    asked = Answerer(shelf, generator, shelf.document, settings, answerability=Answerability())
    answer = await asked.answer(QUESTION)
    assert answer.verdict is AnswerVerdict.GROUNDED
    assert answer.confidence is not None and 0 < answer.confidence < 1


async def test_what_is_not_judged_has_no_confidence() -> None:
    assert (await answerer(Shelf(TEXT), "It lasts 36 months [1].").answer(QUESTION)).confidence is None


async def test_what_rests_on_more_than_passages_is_not_withheld() -> None:
    listener, shelf = Listener("fake", FakeGeneratorOptions()), Shelf(TEXT)
    settings = AnswerSettings("docs", briefing=Briefing(withhold=False), min_confidence=1.0)
    asked = Answerer(shelf, listener, shelf.document, settings, answerability=Answerability())
    assert (await asked.answer("Who founded the company in Lyon?")).text != ABSTENTION
