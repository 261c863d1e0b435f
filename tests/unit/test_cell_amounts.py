"""Numbers in tables are read in the unit that stands above them."""

import pytest

from muniment.language.cell_amounts import Measure, caption_measure, column_measure, table_amounts
from muniment.language.quantities import amounts, carried

BUDGET = (
    "In thousands of US dollars\nItem | 2023 | 2024\nLibraries | 1,240 | 1,310\nParks (%) | 12 | 14\n"
    "Staff, number | 81 | 86"
)
SHOP = (
    "Tool | Price (CHF) | Weight kg | Lead time (business days) | Sold per week\nLathe | 4'900 | 85 | 10 | 3"
)


def states(text: str, amount: str, headings: str = "") -> bool:
    (wanted,) = amounts(amount).quantities
    return carried(wanted, table_amounts(text, headings))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        (BUDGET, "USD 1,310 thousand"),
        (BUDGET, "$1.31 million"),
        (BUDGET, "1,310"),
        (BUDGET, "14%"),
        (BUDGET, "86 people"),
        (SHOP, "CHF 4,900"),
        (SHOP, "4900 francs"),
        (SHOP, "85 kg"),
        (SHOP, "10 working days"),
        (SHOP, "10 days"),
        (SHOP, "3 lathes"),
    ],
)
def test_a_cell_says_its_number_in_the_unit_above_it(text: str, amount: str) -> None:
    assert states(text, amount)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        (BUDGET, "USD 1,310 million"),
        (BUDGET, "USD 1,310"),
        (BUDGET, "EUR 1,310 thousand"),
        (BUDGET, "USD 86 thousand"),
        (BUDGET, "14 percentage points"),
        (SHOP, "EUR 4,900"),
        (SHOP, "85 tonnes"),
        (SHOP, "10 weeks"),
        (SHOP, "10 calendar days"),
    ],
)
def test_it_does_not_say_it_in_another(text: str, amount: str) -> None:
    assert not states(text, amount)


def test_a_heading_may_name_the_unit_of_the_table_below() -> None:
    assert states(
        "| 2024 | 2023\nRevenue | 48 | 45", "EUR 48 million", headings="Group\nIncome (EUR million)"
    )
    assert not states("| 2024 | 2023\nRevenue | 48 | 45", "EUR 48 million", headings="Group\nIncome")


@pytest.mark.parametrize(
    ("line", "measure"),
    [
        ("Amounts in NOK million", Measure("NOK", 1e6)),
        ("(in millions, except per share data)", Measure("", 1e6)),
        ("All figures are in EUR thousand unless stated otherwise.", Measure("EUR", 1e3)),
        ("€ '000", Measure("EUR", 1e3)),
        ("TEUR", Measure("EUR", 1e3)),
        ("In millions of Swiss francs", Measure("CHF", 1e6)),
        ("Prices in euros", Measure("EUR")),
        ("A supplier has filed a claim of NOK 46 million.", None),
        ("Consolidated income statement 2024", None),
        ("It was paid in cash", None),
    ],
)
def test_a_line_above_a_table_may_say_what_its_numbers_are_in(line: str, measure: Measure | None) -> None:
    assert caption_measure(line) == measure


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("Salary (NOK thousand)", Measure("NOK", 1e3)),
        ("2024 €m", Measure("EUR", 1e6)),
        ("Shares (thousands)", Measure("", 1e3)),
        ("Price EUR", Measure("EUR")),
        ("Rate (% p.a.)", Measure("percent")),
        ("Price per litre in euros", Measure("EUR")),
        ("Free withdrawals per month", None),
        ("Fee (EUR or %)", None),
        ("Year", None),
        ("2024", None),
        ("Employees", None),
    ],
)
def test_a_column_may_say_what_its_numbers_are_in(name: str, measure: Measure | None) -> None:
    assert column_measure(name) == measure


def test_numbers_of_a_table_without_names_of_columns_are_read() -> None:
    rows = "Distribution | (24,680) | (22,910)\nfrom 2,940 to 3,415. | | Administration | (16,030) | (15,420)"
    found = {value for one in table_amounts(rows).quantities for value in one.values}
    assert {2940.0, 3415.0, 16030.0, 15420.0, 24680.0, 22910.0} <= found
