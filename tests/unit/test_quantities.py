import pytest

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
