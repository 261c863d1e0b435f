import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.language.quantities import amounts, carried, dated


def states(text: str, amount: str) -> bool:
    wanted, there = amounts(amount), amounts(text)
    found = [carried(one, there) for one in wanted.quantities] + [dated(one, there) for one in wanted.dates]
    assert found, f"nothing to look for in {amount!r}"
    return all(found)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("within fourteen days", "14 days"),
        ("costs €1,234.50", "1234.50 euros"),
        ("1.234,50 EUR", "€1,234.50"),
        ("about 5 million dollars", "$5,000,000"),
        ("3.5 %", "3.5 percent"),
        ("on 3 March 2024", "March 3, 2024"),
        ("on 2024-03-03", "3 March 2024"),
        ("at 3 pm", "15:00"),
        ("on 3 March 2024", "2024"),
        ("In 2024 it closed on 3 March.", "3 March 2024"),
    ],
)
def test_one_amount_in_two_notations_is_the_same(text: str, same: str) -> None:
    assert states(text, same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("within 14 days", "15 days"),
        ("within 14 days", "14 weeks"),
        ("3.5 %", "35 %"),
        ("€1,234", "€1.2"),
        ("on 3 March 2024", "3 March 2023"),
        ("on 3 March", "3 May"),
        ("error E-417", "417"),
        ("version 1.2.3", "1.2"),
        ("at 3 pm", "3:00"),
    ],
)
def test_other_amounts_are_not(text: str, other: str) -> None:
    assert not states(text, other)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a fee of EUR 0.20", "€0.20"),
        ("a fee of EUR 0.20", "20 cents"),
        ("a fine of up to EUR 250 000", "€250,000"),
        ("a fine of up to EUR\u00a0250\u202f000", "250 000 euros"),
        ("EUR 1.250,00", "EUR 1,250"),
        ("NOK 4.1 million", "4,100,000 Norwegian kroner"),
        ("kr 1 200", "NOK 1,200"),
        ("CHF 1'200.–", "1200 Swiss francs"),
        ("US$ 3.5bn", "USD 3,500 million"),
        ("$12", "US$12"),
        ("50 pence", "£0.50"),
        ("20 pounds", "£20"),
        ("20 pounds sterling", "GBP 20"),
        ("weighs 20 pounds", "20 lbs"),
        ("a 2 000-man force", "2,000 men"),
        ("£1.5m", "GBP 1,500,000"),
        ("Rs. 2 crore", "INR 20,000,000"),
        ("EUR250,000", "EUR 250,000"),
        ("TRY 1,500", "1,500 Turkish lira"),
        ("costs 225 NOK million", "NOK 0.225 billion"),
        ("between EUR 3 and 5 million", "EUR 5 million"),
        ("NOK 3.7 to 3.9 billion", "NOK 3.7 billion"),
        ("36 calendar months", "three years"),
        ("24 consecutive months", "two years"),
        ("within a fortnight", "14 days"),
        ("two weeks", "a fortnight"),
        ("six (6) months", "6 months"),
        ("within 6 (six) months", "half a year"),
        ("ninety minutes", "one and a half hours"),
        ("2½ hours", "150 minutes"),
        ("14 calendar days", "two weeks"),
        ("15 business days", "15 working days"),
        ("15 business days", "15 days"),
        ("30 days", "30 calendar days"),
        ("a rise of 0.25 percentage points", "25 basis points"),
        ("11.4%", "11.4 percent"),
        ("1.5 metres", "150 cm"),
        ("12 300 employees", "12,300 employees"),
    ],
)
def test_one_quantity_in_two_writings_is_the_same(text: str, same: str) -> None:
    assert states(text, same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a fee of EUR 0.20", "$0.20"),
        ("a fee of EUR 0.20", "0.20%"),
        ("a fee of EUR 4.25", "4.25 dollars"),
        ("a fee of EUR 4.25", "CHF 4.25"),
        ("$40", "£40"),
        ("$40", "40 pounds"),
        ("£40", "40 lbs"),
        ("USD 40", "CAD 40"),
        ("40 Swedish kronor", "NOK 40"),
        ("EUR 250 000", "EUR 250"),
        ("EUR 250 000", "EUR 0"),
        ("EUR 250 000", "EUR 250 million"),
        ("20 cents", "20 euros"),
        ("15 business days", "15 calendar days"),
        ("15 business days", "15 weeks"),
        ("15 business days", "three weeks"),
        ("15 days", "15 business days"),
        ("15 to 20 business days", "15 weeks"),
        ("24 consecutive months", "24 days"),
        ("six (6) months", "6 years"),
        ("30 days", "one month"),
        ("28 days of leave", "four weeks"),
        ("11.4%", "11.4 percentage points"),
        ("2 percentage points", "2%"),
        ("25 basis points", "25%"),
        ("a fortnight", "two months"),
        ("1.5 metres", "1.5 km"),
    ],
)
def test_another_currency_unit_or_size_is_not(text: str, other: str) -> None:
    assert not states(text, other)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Article 9 200 companies", [9, 200]),
        ("in 2024 250 employees", [2024, 250]),
        ("3 482 3 126 2 954", [3482, 3126, 2954]),
        ("on page 3 100 cases", [3, 100]),
        ("12 100-litre tanks", [12, 100]),
        ("1 250 000,50 kr", [1250000.5]),
        ("paid 20 EUR 30 days later", [20, 30]),
    ],
)
def test_numbers_beside_each_other_are_told_from_thousands(text: str, values: list[float]) -> None:
    assert [value for one in amounts(text).quantities for value in one.values] == values


@pytest.mark.parametrize(
    "text",
    ["ALL 24 members", "TRY 3 times", "the TOP 10", "PHP 8.1", "SDG 13", "3 won the prize", "5 real cases",
     "20 working parts", "5 (see below)", "a crown for 3 teeth"],
)  # fmt: skip
def test_words_that_could_be_currencies_or_units_are_none(text: str) -> None:
    assert {one.unit for one in amounts(text).quantities} == {""}


@pytest.mark.parametrize(
    "text",
    ["Revenue 2024 (NOK million)", "Fee 2025 (EUR)", "H1 2024 EUR million", "In 2024 EUR 12.50 was paid"],
)
def test_a_year_is_no_sum_because_a_currency_follows_it(text: str) -> None:
    year = amounts(text).quantities[0]
    assert (year.unit, year.text) == ("", year.text[:4])


def test_a_year_with_a_currency_and_nothing_more_is_a_sum() -> None:
    assert [one.unit for one in amounts("It costs 1950 EUR, and 2,024 (NOK million).").quantities] == [
        "EUR",
        "NOK",
    ]


@given(
    st.integers(1, 999), st.integers(0, 999), st.sampled_from([",", " ", "\u00a0", "\u202f", "\u2009", "'"]),
    st.sampled_from(["EUR", "USD", "NOK", "CHF", "JPY", "PLN", "INR", "BRL"]), st.booleans(),
)  # fmt: skip
def test_a_sum_is_read_alike_whatever_separates_thousands_and_wherever_its_code_stands(
    thousands: int, rest: int, separator: str, code: str, before: bool
) -> None:
    number = f"{thousands}{separator}{rest:03d}"
    (found,) = amounts(f"It costs {code} {number}." if before else f"It costs {number} {code}.").quantities
    assert (found.values, found.unit) == ({float(1000 * thousands + rest)}, code)


@given(st.text(alphabet="EURNOK$€£%0123456789 .,'()-½abdyfhlm\u00a0\n|", max_size=60))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    found = amounts(text)
    assert all(carried(one, found) for one in found.quantities)
