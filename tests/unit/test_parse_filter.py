import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muniment.errors import InputError
from muniment.retrieve import parse_filter
from muniment.types import Combination, Comparison, Negation, Operator


def test_the_form_of_openai_is_understood() -> None:
    written = {
        "type": "and",
        "filters": [
            {"type": "eq", "key": "team", "value": "hr"},
            {"type": "or", "filters": [{"type": "in", "key": "year", "value": [2023, 2024]}]},
        ],
    }
    assert parse_filter(written) == Combination(
        True,
        (
            Comparison("team", Operator.EQ, "hr"),
            Combination(False, (Comparison("year", Operator.IN, (2023, 2024)),)),
        ),
    )


def test_a_filter_is_turned_round() -> None:
    written = {"type": "not", "filter": {"type": "prefix", "key": "team", "value": "h"}}
    assert parse_filter(written) == Negation(Comparison("team", Operator.PREFIX, "h"))


def test_the_values_alone_are_understood() -> None:
    assert parse_filter({"team": "hr"}) == Comparison("team", Operator.EQ, "hr")
    assert parse_filter({"team": "hr", "year": [2023, 2024]}) == Combination(
        True, (Comparison("team", Operator.EQ, "hr"), Comparison("year", Operator.IN, (2023, 2024)))
    )


@pytest.mark.parametrize("written", [{"": "hr"}, {"team": None}, {"team": {"a": 1}}, {3: "x"}])
def test_values_alone_are_checked_too(written: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        parse_filter(written)
    assert caught.value.code == "invalid_filter"


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_is_known(operator: Operator) -> None:
    value: object = [1] if operator in (Operator.IN, Operator.NIN) else "1"
    parsed = parse_filter({"type": operator.value, "key": "k", "value": value})
    assert isinstance(parsed, Comparison)
    assert parsed.operator is operator


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"type": "like", "key": "k", "value": "x"},
        {"type": ["eq"], "key": "k", "value": "x"},
        {"type": "eq", "key": "", "value": "x"},
        {"type": "eq", "key": 3, "value": "x"},
        {"type": "eq", "key": "k"},
        {"type": "contains", "key": "k", "value": 1},
        {"type": "prefix", "key": "k", "value": ["a"]},
        {"type": "not"},
        {"type": "not", "filters": [{"type": "eq", "key": "k", "value": 1}]},
        {"type": "eq", "key": "k", "value": None},
        {"type": "eq", "key": "k", "value": {"a": 1}},
        {"type": "eq", "key": "k", "value": [1]},
        {"type": "eq", "key": "k", "value": float("nan")},
        {"type": "eq", "key": "k", "value": 2**63},
        {"type": "eq", "key": "k", "value": "\ud800"},
        {"type": "eq", "key": "k", "value": "x", "extra": 1},
        {"type": "gt", "key": "k", "value": True},
        {"type": "in", "key": "k", "value": "x"},
        {"type": "in", "key": "k", "value": list(range(1000))},
        {"type": "and", "filters": []},
        {"type": "and", "filters": "x"},
        {"type": "and", "filters": [1]},
        {"type": "or", "filters": [{"type": "eq", "key": "k", "value": 1}] * 300},
    ],
)
def test_what_is_wrong_is_said(written: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        parse_filter(written)
    assert caught.value.code == "invalid_filter"
    assert caught.value.message.startswith("filter")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({}, "filter is empty; leave it out"),
        ({"filters": []}, "filter has no `type`, which says how it is read, such as and, or"),
        ({"key": "team", "value": "hr"}, "such as eq, in"),
        ({"type": "or", "filters": []}, "filter.filters is an empty list; give at least one"),
        ({"type": "not", "filter": {}}, "filter.filter is empty"),
    ],
)
def test_what_is_empty_is_called_so(written: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_filter(written)
    assert says in caught.value.message


def test_nesting_ends_somewhere() -> None:
    written: dict[str, object] = {"type": "eq", "key": "k", "value": 1}
    for _ in range(2000):
        written = {"type": "and", "filters": [written]}
    with pytest.raises(InputError, match="nested"):
        parse_filter(written)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["type", "key", "value", "filters"]), inner)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["type", "key", "value", "filters"]), JSON | st.sampled_from(["eq", "and"])
    )
)
def test_no_input_does_anything_but_parse_or_be_refused(written: dict[str, object]) -> None:
    try:
        assert isinstance(parse_filter(written), Comparison | Combination)
    except InputError as error:
        assert error.code == "invalid_filter"
