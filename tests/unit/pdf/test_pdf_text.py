"""Lines become text without losing or inventing characters."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.providers.docling.pdf_lines import build_lines, text_of
from muniment.providers.docling.pdf_page import Box, Word, turned
from muniment.providers.docling.pdf_text import join_lines

sizes = st.floats(1, 2000)


def _row(*texts: str) -> list[Word]:
    return [Word(Box(50 * index, 0, 50 * index + 46, 10), text, "F") for index, text in enumerate(texts)]


def test_a_word_cut_at_the_end_of_a_line_is_mended() -> None:
    assert join_lines(["the trans-", "former hums"], {"transformer"}) == "the transformer hums"


def test_a_compound_that_the_document_writes_with_a_hyphen_keeps_it() -> None:
    assert join_lines(["a high-", "risk system"], {"high-risk"}) == "a high-risk system"


def test_a_dash_before_a_capital_or_a_number_is_left_alone() -> None:
    assert join_lines(["Rhine-", "Main area, model X-", "200"], set()) == "Rhine- Main area, model X- 200"


def test_right_to_left_words_are_put_in_logical_order_with_latin_runs_kept() -> None:
    assert text_of(_row("ג", "New", "York", "ב", "א")) == "א ב New York ג"


words = st.lists(
    st.builds(
        lambda x, y, w, text: Word(Box(x, y, x + w, y + 10), text, "F"),
        st.floats(0, 500),
        st.floats(0, 700),
        st.floats(5, 80),
        st.text("abcxyz", min_size=1, max_size=8),
    ),
    max_size=40,
)


@given(words)
def test_no_character_is_lost_on_the_way_to_lines(given_words: list[Word]) -> None:
    lines = build_lines(given_words)

    assert sorted("".join(line.text for line in lines).replace(" ", "")) == sorted(
        "".join(word.text for word in given_words)
    )


@given(sizes, sizes, st.sampled_from([0, 90, 180, 270]))
def test_turning_there_and_back_changes_nothing(width: float, height: float, degrees: int) -> None:
    box = Box(width * 0.1, height * 0.2, width * 0.5, height * 0.3)
    there = turned(box, degrees, width, height)
    size = (width, height) if degrees in (0, 180) else (height, width)
    back = turned(there, (360 - degrees) % 360, *size)

    assert all(abs(a - b) < 1e-6 * max(width, height) for a, b in zip(box, back, strict=True))
