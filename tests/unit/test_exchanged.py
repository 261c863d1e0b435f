"""Claims whose every word and number stands in the passage, though not of what they are said of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.actors import turned_round
from muniment.answer.bindings import given_to_another
from muniment.answer.contraries import opposed
from muniment.answer.ground import ground
from muniment.answer.rows import mixed_rows
from muniment.types import Chunk, Claim, ClaimVerdict, ParsedDocument, Passage, Span


def check(claim: str, *texts: str, names: tuple[str, ...] = (), cited: tuple[int, ...] = ()) -> Claim:
    """The claim as the check sees it; it cites every text unless told otherwise."""
    given, documents = {}, {}
    for number, text in enumerate(texts, 1):
        name = names[number - 1] if names else f"file {number}"
        chunk = Chunk(0, text, "", (), (Span(0, len(text)),), 0)
        given[number] = Passage(number, f"d{number}", name, chunk, 0.0)
        documents[f"d{number}"] = ParsedDocument("0" * 64, name, text, (), (), "test 1")
    marks = "".join(f"[{number}]" for number in cited or given)
    (found,) = ground(f"{claim} {marks}", given, documents)
    return found


def holds(claim: str, *texts: str) -> bool:
    return check(claim, *texts).verdict is ClaimVerdict.SUPPORTED


LIFT = (
    "The monthly inspection of a goods lift costs EUR 85. The yearly one costs EUR 640.\n"
    "A goods lift carries 900 kg; in the annex and the archive it carries 400 kg."
)
LEASE = "The lease runs for ten years. It may be extended twice for three years."
TREND = "Output fell by 8% to 41,000 tonnes, and the scrap rate improved from 4.6% to 3.9%."
BOND = (
    "In June 2021 the Port issued a bond with Arctic Bank. "
    "The bond of NOK 300 million is repaid in June 2029."
)
TARIFF = "Parcels to islands cost 2.5% of the declared value, at least EUR 6.00 and at most EUR 48.00."


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The monthly inspection of a goods lift costs EUR 640.", LIFT),
        ("The yearly inspection costs EUR 85.", LIFT),
        ("In the archive a lift carries 900 kg.", LIFT),
        ("The lease runs for three years and may be extended twice for ten years.", LEASE),
        ("The scrap rate improved from 3.9% to 4.6%.", TREND),
        ("Output fell by 3.9%.", TREND),
        ("The bond is repaid in June 2021.", BOND),
        ("Parcels to islands cost 2.5% of the value, at least EUR 48.00 and at most EUR 6.00.", TARIFF),
        ("Parcels to islands cost at least EUR 48.00.", TARIFF),
    ],
)
def test_a_value_is_not_given_to_another_subject(claim: str, text: str) -> None:
    assert not holds(claim, text)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The inspection of a goods lift costs EUR 85 a month and EUR 640 a year.", LIFT),
        ("A goods lift carries 900 kg, but 400 kg in the archive.", LIFT),
        ("A goods lift carries 900 kg except in the annex and the archive.", LIFT),
        ("The lease runs for 10 years and may be extended twice for 3 years.", LEASE),
        ("The scrap rate improved to 3.9% from 4.6%.", TREND),
        ("The bond, issued in June 2021 with Arctic Bank, is repaid in June 2029.", BOND),
        ("Parcels to islands cost 2.5% of the value, between EUR 6.00 and EUR 48.00.", TARIFF),
        ("Parcels to islands cost 2.5%, with a minimum of EUR 6 and a maximum of EUR 48.", TARIFF),
    ],
)
def test_values_said_in_other_words_and_another_order_hold(claim: str, text: str) -> None:
    assert check(claim, text).reasons == ()


FAULTS = (
    "Code | Cause | Remedy\nF1 | Blocked filter | Clean the filter\nF2 | Low voltage | Call an electrician"
)
PLANS = "Plan | Price per month | Storage (GB)\nBasic | 9 | 50\nPro | 24 | 500\nPro Plus | 40 | 900"
RESULTS = "2030 | 2029\nSales | 812 | 740\nOperating profit | 96 | 71"


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("F1 means low voltage.", FAULTS),
        ("The remedy for F2 is to clean the filter.", FAULTS),
        ("F1 is a blocked filter and F2 is cured by cleaning the filter.", FAULTS),
        ("The Pro plan has a storage of 900 GB.", PLANS),
        ("The Pro plan has a price of 500.", PLANS),
        ("The operating profit in 2029 was 96.", RESULTS),
        ("Sales in 2030 were 740.", RESULTS),
    ],
)
def test_rows_and_columns_are_not_mixed(claim: str, text: str) -> None:
    assert not holds(claim, text)


FEES = "Service | Name | Fee a year\nL1 | Library card | 30\nT2 | Hourly tutor | 75"


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("F1 means a blocked filter: clean the filter.", FAULTS),
        ("F1 is a blocked filter and F2 is low voltage.", FAULTS),
        ("The Pro plan costs 24 per month and has 500 GB of storage.", PLANS),
        ("Pro Plus has a storage of 900 GB.", PLANS),
        ("Operating profit was 96 in 2030 and 71 in 2029.", RESULTS),
        ("Service: T2; Fee a year: 75", FEES),
    ],
)
def test_a_row_told_in_words_holds(claim: str, text: str) -> None:
    assert check(claim, text).reasons == ()


DUTY = "The carrier shall indemnify the shipper for damage. The depot may refuse a late delivery."


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The shipper shall indemnify the carrier for damage.", DUTY),
        ("The carrier shall be indemnified by the shipper for damage.", DUTY),
        (
            "Orkla has sued Tine for breach of contract.",
            "A dairy, Tine, has sued Orkla for breach of contract.",
        ),
        ("Lind sued Falk over the patent.", "Falk, a competitor, has sued for the patent of Lind."),
    ],
)
def test_who_does_it_to_whom_is_not_turned_round(claim: str, text: str) -> None:
    assert not holds(claim, text)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("The shipper shall be indemnified by the carrier for damage.", DUTY),
        (
            "Orkla has been sued by Tine for breach of contract.",
            "Tine has sued Orkla for breach of contract.",
        ),
        ("On the quay stands a crane.", "A crane stands on the quay."),
        ("Oslo borders Bærum.", "Bærum borders Oslo."),
    ],
)
def test_the_passive_and_what_goes_both_ways_hold(claim: str, text: str) -> None:
    assert check(claim, text).reasons == ()


OPPOSITES = [
    ("Visits inside office hours are free.", "Visits outside office hours are free."),
    (
        "Trains longer than 200 metres stop at platform 4.",
        "Trains shorter than 200 metres stop at platform 4.",
    ),
    ("The deposit is at least EUR 500.", "The deposit is up to EUR 500."),
    ("The inspector may close the site.", "The inspector must close the site."),
    ("Members vote once.", "Members vote twice."),
    ("Guests have unlimited access to the pool.", "Guests have limited access to the pool."),
    ("Refunds are paid in all cases.", "Refunds are paid in exceptional cases."),
    ("The annual contribution is 4% of wages.", "The monthly contribution is 4% of wages."),
    ("The gross margin was 31%.", "The net margin was 31%."),
    ("The lessor pays for repairs of the roof.", "The lessee pays for repairs of the roof."),
    ("Unpaid interns receive a badge.", "Paid interns receive a badge."),
    ("The parking fee is EUR 3 per hour.", "The parking fee is EUR 3 per day."),
]


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_opposites_are_noticed_either_way(one: str, other: str) -> None:
    assert not holds(one, other)
    assert not holds(other, one)
    assert holds(one, one) and holds(other, other)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Claims may not be sold.", "Claims must not be sold."),
        ("The badge is not available on Sundays.", "The badge is unavailable on Sundays."),
        (
            "The contribution of members is 4% of wages per year.",
            "The annual contribution of members is 4% of wages.",
        ),
        ("Access is open to flights over six hours.", "Access is open to flights longer than six hours."),
        ("The deposit is no more than EUR 500.", "The deposit is up to EUR 500."),
        (
            "Once the form is signed, members vote.",
            "Members vote twice when the form is signed. Once it is, vote.",
        ),
        (
            "All guests have access to a new pool.",
            "The new pool replaces the old pool; all guests have access.",
        ),
    ],
)
def test_the_same_in_other_words_is_no_opposite(claim: str, text: str) -> None:
    assert check(claim, text).reasons == ()


def test_what_the_cited_passage_denies_is_not_sought_in_another() -> None:
    rule = "This rule does not apply to the storage of salt water in open tanks."
    beside = (
        "For this rule, storage means keeping water in tanks. It applies to salt as well. Open tanks leak."
    )
    found = check("This rule applies to the storage of salt water in open tanks.", rule, beside, cited=(1,))
    assert found.verdict is ClaimVerdict.UNSUPPORTED


def test_a_superseded_edition_supports_nothing_that_was_not_said_to_rest_on_it() -> None:
    texts = ("A day ticket for the ferry costs EUR 7.40.", "A day ticket for the ferry costs EUR 6.90.")
    names = ("fares 2031.md", "fares 2030.md")
    claim = "A day ticket for the ferry costs EUR 6.90."
    assert check(claim, *texts, names=names, cited=(1,)).verdict is ClaimVerdict.UNSUPPORTED
    assert check(claim, *texts, names=names, cited=(2,)).verdict is ClaimVerdict.SUPPORTED


@given(st.text(max_size=120))
def test_a_text_never_exchanges_anything_with_itself(text: str) -> None:
    assert list(given_to_another(text, text, text, "")) == []
    assert list(turned_round(text, text)) == []
    assert list(opposed(text, text)) == []
    assert list(mixed_rows(text, text, "")) == []
