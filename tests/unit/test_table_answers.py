import pytest

from muniment.language.captions import says_units
from muniment.language.tables import cells, is_header, label, named_cells
from muniment.protocols import Prompt, PromptPassage
from muniment.providers.extractive.generator import ExtractiveGenerator
from muniment.providers.extractive.support import Limits
from muniment.testing.generator import passage

INCOME = (
    "Consolidated income statement\nAmounts in DKK million\n| 2022 | 2021\nRevenue | 918 | 870\n"
    "Staff costs | (402) | (388)\nProfit before tax | 61 | 55"
)
PLANTS = (
    "Plant | Revenue 2022 (DKK million) | Staff\nAarhus | 512 | 310\nOdense | 260 | 145\nVejle | 146 | 145"
)
LOANS = (
    "Loan | Interest rate (% p.a.) | Longest term\nHome loan | 3.90 | 30 years\nCar loan | 5.25 | 7 years\n"
    "Green loan | 3.40 | unlimited"
)


async def answer(question: str, *texts: str, heading: str = "Report") -> str:
    given = tuple(PromptPassage(n, passage(n, text, heading)) for n, text in enumerate(texts, start=1))
    generator = ExtractiveGenerator("extractive", Limits())
    return "".join([piece async for piece in generator.stream(Prompt(question, given, ()))])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| 2024 | 2023", ["", "2024", "2023"]),
        ("| | Net profit | 17", ["", "", "Net profit", "17"]),
        ("| Tariff | Price |", ["Tariff", "Price"]),
        ("Tariff | Price", ["Tariff", "Price"]),
        ("yes|no | 3", ["yes|no", "3"]),
    ],
)
def test_a_border_at_the_beginning_stands_behind_an_empty_cell_unless_borders_frame_the_row(
    row: str, expected: list[str]
) -> None:
    assert cells(row) == expected


@pytest.mark.parametrize(
    "head", ["| 31.12.2024 | 31.12.2023", "| FY 2024 | FY 2023", "| H1 2025 | H1 2024", "| 2024"]
)
def test_years_days_and_half_years_name_columns(head: str) -> None:
    assert is_header(head)
    assert named_cells(head, "Equity" + " | 7" * head.count("|")) is not None


@pytest.mark.parametrize("row", ["| 310 | 145", "Rent | 900 kr", "Deposit | 3 months | 2,700"])
def test_amounts_name_no_columns(row: str) -> None:
    assert not is_header(row)


def test_a_row_is_called_by_its_first_words() -> None:
    assert label("| 12 | Pump house | 3") == "Pump house"
    assert label("12 | 13") == ""


@pytest.mark.parametrize(
    "line",
    ["Amounts in NOK million", "(EUR '000)", "USD m", "in thousands of Swiss francs",
     "Balance sheet (SEK million)",
     "All figures in the table above are in GBP million.", "Cash flow 2024, EUR thousand"],
)  # fmt: skip
def test_a_line_that_says_what_numbers_are_in_is_a_caption(line: str) -> None:
    assert says_units(line)


@pytest.mark.parametrize(
    "line",
    ["Revenue rose to NOK 3,482 million", "All employees work in the euro area", "Fees are due in May",
     "Segment information", "He paid in euros."],
)  # fmt: skip
def test_a_sentence_with_an_amount_or_another_subject_is_none(line: str) -> None:
    assert not says_units(line)


async def test_a_row_of_a_table_without_a_first_column_name_keeps_its_years_and_its_unit() -> None:
    assert await answer("What was the profit before tax in 2021?", INCOME) == (
        "Amounts in DKK million [1]\nProfit before tax; 2022: 61; 2021: 55 [1]"
    )


async def test_a_unit_named_below_the_table_goes_with_the_row() -> None:
    text = (
        "Region | 2022 | 2021\nNorth | 40 | 38\nSouth | 21 | 25\nAll amounts in the table are in EUR million."
    )
    said = await answer("What were the sales in the region South in 2022?", text, heading="Sales by region")
    assert "Region: South; 2022: 21; 2021: 25" in said
    assert "EUR million" in said


async def test_a_table_whose_columns_name_the_unit_needs_no_caption() -> None:
    said = await answer("How many staff work in Odense?", "Amounts in DKK million\n" + PLANTS)
    assert said == "Plant: Odense; Revenue 2022 (DKK million): 260; Staff: 145 [1]"


async def test_the_total_comes_before_its_parts() -> None:
    said = await answer("What was the revenue in 2022?", PLANTS, INCOME)
    assert said.startswith("Amounts in DKK million [2]\nRevenue; 2022: 918")
    assert "Odense" not in said


async def test_a_part_that_is_named_comes_before_the_total() -> None:
    said = await answer("What was the revenue of Odense in 2022?", INCOME, PLANTS)
    assert said.startswith("Plant: Odense; Revenue 2022 (DKK million): 260")


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Which loan has the lowest interest rate?", ["Green loan"]),
        ("Which loan has the highest interest rate?", ["Car loan"]),
        ("Which loan has the longest term?", ["Home loan", "Car loan", "Green loan"]),
        ("Which plant has the fewest staff?", ["Odense", "Vejle"]),
        ("Which plant had the most staff?", ["Aarhus"]),
    ],
)
async def test_the_row_with_the_least_or_the_most_is_named_and_all_where_values_cannot_be_compared(
    question: str, rows: list[str]
) -> None:
    said = await answer(question, LOANS if "loan" in question else PLANTS)
    assert [line.split(": ")[1].split(";")[0] for line in said.splitlines()] == rows


async def test_at_least_and_at_most_ask_for_no_extreme() -> None:
    said = await answer("Which car loan runs for at most 7 years?", LOANS)
    assert said.startswith("Loan: Car loan")
