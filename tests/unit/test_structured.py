from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.answer.prompt import ABSTENTION
from muniment.protocols import Prompt
from muniment.protocols.structured import ANSWER_FORMAT, answer_request, unstructured

WHOLE = (
    '{"statements": [{"text": "It lasts 36 months.", "citations": [1, 2, 1]}, '
    '{"text": "Theft {or [loss]} is not covered.", "citations": []}]}'
)


async def said(*pieces: str) -> list[str]:
    async def sent() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    return [piece async for piece in unstructured(sent())]


async def test_statements_become_sentences_with_their_marks() -> None:
    assert "".join(await said(WHOLE)) == "It lasts 36 months. [1][2] Theft {or [loss]} is not covered."


@pytest.mark.parametrize("cut", range(1, len(WHOLE), 7))
async def test_it_does_not_matter_where_the_stream_is_cut(cut: int) -> None:
    assert "".join(await said(WHOLE[:cut], WHOLE[cut:])) == "".join(await said(WHOLE))


async def test_a_statement_comes_as_soon_as_it_is_whole() -> None:
    half = WHOLE.index(', {"text": "Theft')
    assert (await said(WHOLE[:half]))[0] == "It lasts 36 months. [1][2]"


async def test_no_statement_is_no_answer() -> None:
    assert await said('{"statements": []}') == []


async def test_text_of_a_server_that_knows_no_schema_passes_as_it_is() -> None:
    assert "".join(await said("It lasts ", "36 months [1].")) == "It lasts 36 months [1]."


@given(st.lists(st.text(max_size=30), max_size=5))
async def test_whatever_a_server_sends_nothing_breaks(pieces: list[str]) -> None:
    await said('{"statements": [', *pieces)


def test_the_schema_is_sent_only_where_it_is_wanted() -> None:
    prompt = Prompt("How long?", (), (("system", ABSTENTION), ("user", "How long?")))
    assert answer_request(prompt, structured=True)["response_format"] == ANSWER_FORMAT
    plain = answer_request(prompt, structured=False)
    assert "response_format" not in plain
    assert plain["messages"][-1]["content"] == "How long?"
