import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from muniment.answer.evidence import find_window
from muniment.answer.ground import ground, verdict_of
from muniment.language.names import names
from muniment.language.negation import polarity
from muniment.language.terms import stem, stems
from muniment.types import (
    AnswerVerdict,
    Box,
    Chunk,
    CitationVerdict,
    Claim,
    ClaimVerdict,
    ParsedDocument,
    Passage,
    Span,
    text_of,
)

LEAVE = (
    "Employees of Acme have 28 days of paid leave. Leave may not be sold. "
    "It is asked for in Portico by 30 November."
)
PUMP = "The Sluice 300 stops at 7.5 bar and shows E-417. A technician must reset it within two hours."
TABLE = "Plan | Price per month | Users\nBasic | €9 | 5\nPro | €24 | 25"


def stored(*texts: str, heading: str = "Rules") -> tuple[dict[int, Passage], dict[str, ParsedDocument]]:
    """One passage per text, each in its own document behind some other text, a box per line."""
    passages, documents = {}, {}
    for number, text in enumerate(texts, start=1):
        before = f"{heading} of document {number}\n\n"
        spans, at = [], len(before)
        for row, line in enumerate(text.split("\n")):
            spans.append(Span(at, at + len(line), 1 + row, Box(50, 10 * row, 500, 10 * row + 9)))
            at += len(line) + 1
        chunk = Chunk(0, text, heading, (heading,), tuple(s for s in spans if s.start < s.end), 10)
        document = ParsedDocument("0" * 64, f"Document {number}", before + text + "\nEnd.", (), (), "test 1")
        documents[f"doc{number}"] = document
        passages[number] = Passage(100 + number, f"doc{number}", f"file{number}.pdf", chunk, 1.0)
    return passages, documents


def check(text: str, *texts: str) -> Claim:
    (claim,) = ground(text, *stored(*(texts or (LEAVE, PUMP, TABLE))))
    return claim


TRUE_CLAIMS = [
    "Employees of Acme have 28 days of paid leave. [1]",
    "Acme employees have twenty-eight days of paid leave [1].",
    "Leave may not be sold [1].",
    "At 7.5 bar the Sluice 300 stops and shows E-417 [2].",
    "A technician must reset it within 2 hours. [2]",
    "The Pro plan costs €24 per month [3].",
    "| Pro | €24 | 25 [3] |",
    "The pump must be reset within two hours, and paid leave is 28 days [2][1].",
]


@pytest.mark.parametrize("text", TRUE_CLAIMS)
def test_what_the_passage_says_is_supported_and_verified(text: str) -> None:
    claim = check(text)
    assert claim.verdict is ClaimVerdict.SUPPORTED, claim.reasons
    assert {citation.verdict for citation in claim.citations} == {CitationVerdict.VERIFIED}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Employees of Acme have 14 days of paid leave. [1]", "the number 14 days is not in the cited text"),
        (
            "Employees of Acme have 28 weeks of paid leave. [1]",
            "the number 28 weeks is not in the cited text",
        ),
        ("It is asked for in Portico by 3 November [1].", "the date 3 November is not in the cited text"),
        (
            "Employees of Nordvang have 28 days of paid leave. [1]",
            "the name Nordvang is not in the cited text",
        ),
        ("The Sluice 300 stops at 7.5 bar and shows E-418. [2]", "E-418 is not in the cited text"),
        ("Leave may be sold. [1]", "the cited text denies what is said here (sold)"),
        ("A technician must not reset it within two hours. [2]", "does not deny what is denied here (reset)"),
        ("The canteen serves vegetarian lunches every weekday. [1]", "says nothing of this"),
        ("The Pro plan costs €9 per month [3].", "€9"),
        ("The Sluice 300 stops at 7.5 bar. [1]", ""),
    ],
)
def test_what_it_does_not_say_is_not(text: str, reason: str) -> None:
    claim = check(text, LEAVE, PUMP, TABLE) if reason else check(text, LEAVE)
    assert claim.verdict is ClaimVerdict.UNSUPPORTED
    assert reason in "; ".join(claim.reasons)
    assert CitationVerdict.VERIFIED not in {citation.verdict for citation in claim.citations}


def test_a_passage_that_was_not_given_is_caught() -> None:
    claim = check("Employees of Acme have 28 days of paid leave. [7]")
    assert claim.verdict is ClaimVerdict.UNSUPPORTED
    assert claim.citations[0].verdict is CitationVerdict.NOT_GIVEN
    assert claim.reasons == ("passage [7] was not given to the generator; [1] to [3] were",)


def test_a_quote_that_left_the_stored_document_is_caught() -> None:
    passages, documents = stored(LEAVE)
    changed = ParsedDocument("1" * 64, "Document 1", "Employees have 30 days.", (), (), "test 1")
    (claim,) = ground("Employees of Acme have 28 days of paid leave. [1]", passages, {"doc1": changed})
    assert claim.citations[0].verdict is CitationVerdict.QUOTE_NOT_FOUND
    assert claim.verdict is ClaimVerdict.UNSUPPORTED
    (claim,) = ground("Employees of Acme have 28 days of paid leave. [1]", passages, {})
    assert claim.citations[0].verdict is CitationVerdict.QUOTE_NOT_FOUND
    assert documents


def test_an_uncited_claim_gets_its_evidence_or_is_marked() -> None:
    found = check("Employees of Acme have 28 days of paid leave.")
    assert (found.verdict, found.citations[0].document_id) == (ClaimVerdict.SUPPORTED, "doc1")
    assert "found by the server" in found.reasons[0]
    assert check("Everyone gets a company car.").verdict is ClaimVerdict.UNCITED


def test_a_wrong_mark_is_shown_beside_the_right_evidence() -> None:
    claim = check("Employees of Acme have 28 days of paid leave. [2]")
    assert [(c.document_id, c.verdict) for c in claim.citations] == [
        ("doc2", CitationVerdict.NOT_SUPPORTING),
        ("doc1", CitationVerdict.VERIFIED),
    ]


def test_a_row_is_quoted_with_its_header_and_the_boxes_of_both() -> None:
    claim = check("The Pro plan costs €24 per month [3].")
    (citation,) = claim.citations
    assert citation.quote == "Plan | Price per month | Users\nPro | €24 | 25"
    assert [span.page for span in citation.spans] == [1, 3]


def test_verdict_of_the_whole_answer() -> None:
    passages, documents = stored(LEAVE, PUMP)
    good, bad = "Leave may not be sold [1].", "Leave costs 9 euros [2]."
    assert verdict_of(ground(good, passages, documents)) is AnswerVerdict.GROUNDED
    assert verdict_of(ground(f"{good} {bad}", passages, documents)) is AnswerVerdict.PARTLY_GROUNDED
    assert verdict_of(ground(bad, passages, documents)) is AnswerVerdict.ABSTAINED
    assert verdict_of(ground("Steps:", passages, documents)) is AnswerVerdict.ABSTAINED


WORDS = st.sampled_from(
    "pump leave days 28 7.5 bar not E-417 sold. reset. | \n - within two hours, €24 may [2] Pro".split(" ")
)
TEXTS = st.lists(WORDS, min_size=3, max_size=40).map(" ".join)


@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS, st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_a_quote_always_is_the_stored_text_at_its_spans(
    texts: list[str], said: str, marks: list[int]
) -> None:
    passages, documents = stored(*texts)
    text = said + "".join(f" [{mark}]" for mark in marks)
    for claim in ground(text, passages, documents):
        assert 0 <= claim.start <= claim.end <= len(text)
        for citation in claim.citations:
            if citation.verdict is CitationVerdict.VERIFIED:
                assert citation.quote.strip()
            if citation.quote:
                document = documents[citation.document_id]
                assert citation.quote == text_of(document.text, citation.spans)
                assert all(0 <= s.start < s.end <= len(document.text) for s in citation.spans)


@given(st.sampled_from(TRUE_CLAIMS), st.integers(4, 9999))
def test_an_invented_passage_number_is_never_verified(text: str, number: int) -> None:
    invented = text.split("[")[0].strip("| ") + f" [{number}]"
    for claim in ground(invented, *stored(LEAVE, PUMP, TABLE)):
        assert claim.verdict is not ClaimVerdict.SUPPORTED
        assert all(citation.verdict is CitationVerdict.NOT_GIVEN for citation in claim.citations)


@given(st.integers(0, 9999), st.sampled_from(["days", "weeks", "hours", "percent"]))
def test_a_changed_number_is_never_verified(number: int, unit: str) -> None:
    assume((number, unit) != (28, "days"))
    claim = check(f"Employees of Acme have {number} {unit} of paid leave. [1]")
    assert claim.verdict is ClaimVerdict.UNSUPPORTED
    assert all(citation.verdict is not CitationVerdict.VERIFIED for citation in claim.citations)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=9).map(str.capitalize))
def test_a_swapped_name_is_never_verified(name: str) -> None:
    assume(names(f"In {name}"))  # stop words and months are none
    assume(not any(word.startswith(name.lower()[:4]) for word in LEAVE.lower().split()))
    assume(stem(name.lower()) not in stems(f"Rules of document. {LEAVE}"))  # "sell" is a form of "sold"
    claim = check(f"In {name} have employees 28 days of paid leave. [1]", LEAVE)
    assert all(citation.verdict is not CitationVerdict.VERIFIED for citation in claim.citations)


@given(
    st.sampled_from([LEAVE, PUMP]), st.sampled_from([LEAVE, PUMP, "The canteen opens at noon on Mondays."])
)
def test_a_statement_of_another_document_is_never_verified(source: str, cited: str) -> None:
    assume(source != cited)
    for sentence in source.split(". "):
        for claim in ground(f"{sentence.strip('.')}. [1]", *stored(cited)):
            assert all(citation.verdict is not CitationVerdict.VERIFIED for citation in claim.citations)


@given(st.sampled_from(["sold", "shared", "moved to the next year", "paid out"]))
def test_a_dropped_negation_is_never_verified(what: str) -> None:
    claim = check(
        f"Leave may be {what}. [1]", f"Paid leave is for rest. Leave may not be {what}. Ask your manager."
    )
    assert all(citation.verdict is not CitationVerdict.VERIFIED for citation in claim.citations)


def test_a_no_in_one_cell_denies_nothing_in_the_next() -> None:
    assert polarity("Alarm app | no | yes").affirmed >= {"yes"}


WORDS = st.lists(st.from_regex(r"[A-Za-z0-9é]{1,6}", fullmatch=True), min_size=2, max_size=6)
GAPS = st.text(" -_,;\u00a0", min_size=1, max_size=3)


@given(WORDS, st.data())
def test_words_that_stand_in_a_row_are_found_whatever_separates_them(
    said: list[str], data: st.DataObject
) -> None:
    text = said[0] + "".join(data.draw(GAPS) + word for word in said[1:])
    window = find_window(" ".join(said), f"Pears, {text} and plums.")
    assert window is not None
    assert window.weight == float("inf")


@given(WORDS, st.sampled_from(["a", "7", "_"]), st.booleans())
def test_words_glued_to_others_are_not_found_in_a_row(said: list[str], glue: str, before: bool) -> None:
    text = " ".join(said)
    glued = glue + text if before else text + glue
    window = find_window(text, f"(.) {glued} (.)")
    assert window is None or window.weight < float("inf")


LEASE = (
    "The tenant pays NOK 12 500 a month and a deposit of NOK 37 500. Repairs under NOK 1,000 are his. "
    "The landlord answers requests within 10 working days. The lease runs for 36 calendar months. "
    "Late payment bears interest of 8.5 percent. A second key is issued free of charge."
)
ACCOUNTS = (
    "Amounts in EUR thousand\n| 2025 | 2024\nTicket sales | 8,450 | 7,910\nGrants | 1,200 | 1,150\n"
    "Visitors, number | 96,000 | 91,500"
)


@pytest.mark.parametrize(
    "claim",
    [
        "The tenant pays 12,500 Norwegian kroner a month.",
        "The tenant pays a deposit of kr 37,500.",
        "The landlord answers requests within ten business days.",
        "The lease runs for three years.",
        "Late payment bears 8.5% interest.",
        "A second key is issued for NOK 0.",
    ],
)
def test_quantities_in_other_words_are_supported(claim: str) -> None:
    assert check(f"{claim} [1]", LEASE).verdict is ClaimVerdict.SUPPORTED


@pytest.mark.parametrize(
    ("claim", "number"),
    [
        ("The tenant pays €12,500 a month.", "€12,500"),
        ("The tenant pays $12,500 a month.", "$12,500"),
        ("The tenant pays NOK 12 a month.", "NOK 12"),
        ("The tenant pays a deposit of NOK 37 million.", "NOK 37 million"),
        ("The landlord answers requests within 10 calendar days.", "10 calendar days"),
        ("The landlord answers requests within 10 weeks.", "10 weeks"),
        ("The lease runs for 36 weeks.", "36 weeks"),
        ("Late payment bears interest of 8.5 percentage points.", "8.5 percentage points"),
        ("Late payment bears interest of NOK 8.5.", "NOK 8.5"),
    ],
)
def test_quantities_in_another_currency_or_unit_are_not(claim: str, number: str) -> None:
    found = check(f"{claim} [1]", LEASE)
    assert found.verdict is ClaimVerdict.UNSUPPORTED
    assert f"the number {number} is not in the cited text" in found.reasons


def test_a_sum_in_a_table_is_quoted_with_the_line_that_names_its_unit() -> None:
    found = check("Ticket sales in 2025 were EUR 8.45 million. [1]", ACCOUNTS)
    assert found.verdict is ClaimVerdict.SUPPORTED
    assert found.citations[0].quote == "Amounts in EUR thousand\n| 2025 | 2024\nTicket sales | 8,450 | 7,910"


@pytest.mark.parametrize(
    "claim",
    [
        "Ticket sales in 2025 were EUR 8,450 million.",
        "Ticket sales in 2025 were EUR 8,450.",
        "Ticket sales in 2025 were USD 8,450 thousand.",
        "The number of visitors in 2025 was EUR 96,000 thousand.",
    ],
)
def test_a_sum_in_a_table_has_the_scale_and_currency_above_it(claim: str) -> None:
    assert check(f"{claim} [1]", ACCOUNTS).verdict is ClaimVerdict.UNSUPPORTED


def test_a_number_in_a_table_may_go_without_its_scale() -> None:
    assert check("In 2025 there were 96,000 visitors. [1]", ACCOUNTS).verdict is ClaimVerdict.SUPPORTED
    assert check("Ticket sales in 2025: 8,450 [1].", ACCOUNTS).verdict is ClaimVerdict.SUPPORTED
