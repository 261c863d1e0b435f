"""Drafted questions: each proven by a sentence of its document, none counted before it is accepted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import InputError, NotFoundError
from muniment.evaluation import counted, read_questions
from muniment.evaluation.drafting import drafts_of, latest_editions, sentences_of, spread
from muniment.evaluation.model_drafting import drafted_by
from muniment.evaluation.question_file import add_questions, settle
from muniment.protocols import CompletionModel, JsonObject
from muniment.types import (
    Block,
    BlockKind,
    Document,
    DocumentState,
    LabelledQuestion,
    PageLabel,
    ParsedDocument,
    Span,
)

TEXT = (
    "A deductible is the amount that an insured person pays before the insurer pays anything at all. "
    "The archive in the north hall keeps paper records for 30 years after a contract has ended. "
    "It also keeps their copies for a while, which nobody has ever asked for in writing. "
    "The contract with Hanson Brothers was signed by both parties in the old town hall on 3 May 2021. "
    "The pump shows error E-417 on its display as soon as the tank runs dry at night."
)


def document(text: str = TEXT) -> ParsedDocument:
    block = Block(BlockKind.TEXT, 0, len(text), (), 0, (Span(0, len(text), 4),))
    return ParsedDocument("0" * 64, "Rules", text, (block,), (), "test 1")


def listed(name: str) -> Document:
    return Document("docs", f"file:///{name}", name, name, "", "", 1, DocumentState.DONE, chunks=1)


def test_definitions_figures_dates_and_codes_are_asked_for() -> None:
    drafts = {one.kind: one for one in drafts_of(document(), "rules.pdf")}
    assert drafts["definition"].question == "What is meant by “deductible”?"
    assert drafts["number"].answers == ("30 years",)
    assert drafts["number"].question == (
        "The archive in the north hall keeps paper records for how many years after a contract has ended?"
    )
    assert drafts["date"].answers == ("3 May 2021",)
    assert drafts["date"].question.endswith("in the old town hall on what date?")
    assert drafts["code"].answers == ("E-417",)
    assert drafts["code"].question.startswith("The pump shows what error on its display")


@pytest.mark.parametrize(
    ("said", "question", "answer"),
    [
        ("A courier within the city costs EUR 12.50 on working days.",
         "A courier within the city costs how much on working days?", "EUR 12.50"),
        ("The grant is NOK 4.1 million for schools in rural districts.",
         "The grant is how much for schools in rural districts?", "NOK 4.1 million"),
        ("The turnover of the branch grew by 7.5% within a single year.",
         "The turnover of the branch grew by what percentage within a single year?", "7.5%"),
        ("Objections must reach the authority within three weeks of delivery.",
         "Objections must reach the authority within how many weeks of delivery?", "three weeks"),
        ("Tenants have lived in the upper storey since March 2019 without a contract.",
         "Tenants have lived in the upper storey since what month without a contract?", "March 2019"),
        ("The plans of the bridge were drawn by Edith Marlowe in the winter.",
         "The plans of the bridge were drawn by whom in the winter?", "Edith Marlowe"),
        ("A blocked filter is reported with the code F12 on the panel outside.",
         "A blocked filter is reported with what code on the panel outside?", "F12"),
    ],
)  # fmt: skip
def test_a_draft_asks_in_the_place_of_what_it_asks_for(said: str, question: str, answer: str) -> None:
    [one] = drafts_of(document(said), "x.pdf")
    assert (one.question, one.answers) == (question, (answer,))


@pytest.mark.parametrize(
    "said",
    [
        "Withdrawals at machines of other banks in EUR are shown on every statement.",
        "The rights in the Contribution are granted by Contributor to whoever accepts these terms.",
        "A 30-day notice applies to every tenant who rents one of the flats.",
        "Claims are settled within 5 to 10 days after the complete file arrives.",
        "Only one year of training counts towards the allowance of the staff.",
        "In calm weather the mast bears 40 sails; in storms it bears 3 sails only.",
        "The customer is the person who signs the order and pays the invoice.",
    ],
)
def test_what_would_make_no_good_question_is_not_drafted(said: str) -> None:
    assert drafts_of(document(said), "x.pdf") == ()


def test_a_word_that_the_document_also_writes_small_is_no_name() -> None:
    said = "The report was checked by Senior Auditor before it went to the printers."
    assert drafts_of(document(f"{said} Every senior auditor signs below."), "x.pdf") == ()


def test_only_the_newest_edition_is_asked_about() -> None:
    fees = "The yearly fee of the archive is 120 euros for members of the society."
    held = [
        (listed("fees_2022.md"), document(fees)),
        (listed("fees_2024.md"), document(fees.replace("120", "140"))),
        (listed("rooms_2022.md"), document("The reading room in the tower seats 24 people on two floors.")),
        (listed("manual_v1.md"), document("The lamp of the lighthouse burns 9 hours in winter nights.")),
        (listed("manual_v2.md"), document("Ferries leave from the second pier when the wind is weak.")),
    ]
    names = [one.name for one, _ in latest_editions(held)]
    assert names == ["fees_2024.md", "rooms_2022.md", "manual_v1.md", "manual_v2.md"]


def test_further_drafts_are_others_until_there_are_no_more() -> None:
    drafts = [drafts_of(document(), "a.pdf")]
    known: list[LabelledQuestion] = []
    while more := spread(drafts, 2, 0, known):
        assert not {one.id for one in more} & {one.id for one in known}
        # Whoever accepts a draft may reword it.
        known += [replace(one, id=f"mine {one.id}", question="In my words?") for one in more]
    assert len(known) == len(drafts[0])


def test_every_draft_names_where_its_sentence_stands() -> None:
    for one in drafts_of(document(), "rules.pdf"):
        [span] = one.spans
        assert TEXT[span.start : span.end] == span.quote
        assert one.pages == (PageLabel(4, "rules.pdf"),)
        assert one.documents == ("rules.pdf",)
        assert one.drafted
        assert one.answerable


def test_sentences_that_point_back_are_not_asked_about() -> None:
    assert not any(one.text.startswith("It also") for one in sentences_of(document(), "rules.pdf"))


def test_drafts_come_evenly_from_documents_and_the_same_each_time() -> None:
    drafts = [drafts_of(document(), f"{name}.pdf") for name in "abc"]
    chosen = spread(drafts, 6, seed=1)
    assert sorted(one.documents[0] for one in chosen) == [
        "a.pdf",
        "a.pdf",
        "b.pdf",
        "b.pdf",
        "c.pdf",
        "c.pdf",
    ]
    assert chosen == spread(drafts, 6, seed=1)
    assert len(spread(drafts, 500, seed=1)) == sum(map(len, drafts))


@given(st.text(max_size=300))
def test_whatever_a_document_says_a_draft_quotes_it(text: str) -> None:
    for one in drafts_of(document(text), "x"):
        [span] = one.spans
        assert " ".join(text[span.start : span.end].split()) == span.quote
        assert one.answers[0] in span.quote


class _Says:
    """A language model that always says the same."""

    name = model = "scripted"
    text: CompletionModel | None = None

    def __init__(self, **said: str) -> None:
        self.said = said
        self.asked: list[JsonObject] = []

    async def complete(self, request: JsonObject) -> JsonObject:
        self.asked.append(request)
        return {"choices": [{"message": {"content": f"Here it is: {json.dumps(self.said)}"}}]}

    def stream(self, request: JsonObject):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    async def check(self) -> None:
        return None


async def test_a_language_models_question_is_kept_when_its_quote_stands_in_the_document() -> None:
    sentences = list(sentences_of(document(), "rules.pdf"))
    model = _Says(
        question="How long are records on paper kept?",
        answer="30 years",
        quote="the archive in the north hall keeps paper records for 30 years",
    )
    drafted = await drafted_by(model, sentences, "Rules")
    assert drafted is not None
    assert drafted.drafted
    assert drafted.question == "How long are records on paper kept?"
    assert "30 years after a contract has ended." in drafted.spans[0].quote
    assert model.asked[0]["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "said",
    [
        {"question": "How long?", "answer": "40 years", "quote": "records are kept for 40 years"},
        {"question": "How long", "answer": "30 years", "quote": "keeps paper records for 30 years"},
        {"question": "How long?", "answer": "", "quote": "keeps paper records for 30 years"},
        {},
    ],
)
async def test_what_a_language_model_cannot_prove_is_dropped(said: dict[str, str]) -> None:
    assert await drafted_by(_Says(**said), list(sentences_of(document(), "rules.pdf")), "Rules") is None


def test_drafts_count_once_they_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    mine = '{"id": "mine", "question": "Who signs?", "unanswerable": true, "remark": "of Anna"}'
    file.write_text(mine)
    drafts = drafts_of(document(), "rules.pdf")
    assert add_questions(file, drafts) == len(drafts)
    assert add_questions(file, drafts) == 0
    assert [one.id for one in counted(read_questions(file))] == ["mine"]

    first, second, *others = (one.id for one in drafts)
    settle(file, accept=[first], reject=[second])
    questions = {one.id: one for one in read_questions(file)}
    assert [one.id for one in counted(questions.values())] == ["mine", first]
    assert questions.keys() == {"mine", first, *others}
    assert file.read_text().split("\n")[0] == mine
    again = questions[first]
    assert (again.answers, again.pages) == (drafts[0].answers, drafts[0].pages)
    assert again.spans[0].quote == drafts[0].spans[0].quote


def test_an_unknown_question_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    add_questions(file, drafts_of(document(), "rules.pdf"))
    before = file.read_text()
    with pytest.raises(NotFoundError) as caught:
        settle(file, accept=["nobody"])
    assert caught.value.code == "unknown_question"
    assert file.read_text() == before


def test_tables_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        add_questions(tmp_path / "questions.csv", drafts_of(document(), "rules.pdf"))
    assert caught.value.code == "not_json_lines"
