"""Where only text is shown, what is not founded is marked in it, in every dialect."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from muniment.api.marking import marked
from muniment.types import Answer, AnswerVerdict, Citation, CitationVerdict, Claim, ClaimVerdict

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
Json = dict[str, Any]

QUESTION = "How many days of paid leave do employees receive?"
FOUNDED = "Employees receive 28 days of paid leave a year. [1]"
WRITTEN = f"{FOUNDED} Employees receive 14 weeks of paid leave [1]. The chapel is open on Mondays [9]."
MARKED = (
    f"{FOUNDED} Employees receive 14 weeks of paid leave [1]. [not supported]"
    " The chapel is open on Mondays. [not supported]"
)
V02 = {"X-LlamaStack-Client-Version": "0.2.22"}
ASK = {"collection": "docs", "question": QUESTION}
SEARCH = {"type": "file_search", "vector_store_ids": ["docs"]}


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    script = {"provider": "fake", "answers": {QUESTION: WRITTEN}}
    async with serve(generators={"fake": script}) as client:
        yield client


def events(response: httpx.Response) -> list[Json]:
    lines = [line for line in response.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def chat(**more: Any) -> Json:
    return {"model": "muniment/docs@fake", "messages": [{"role": "user", "content": QUESTION}], **more}


async def test_chat_marks_what_is_not_supported(served: httpx.AsyncClient) -> None:
    message = (await served.post("/v1/chat/completions", json=chat())).json()["choices"][0]["message"]
    text, _, sources = message["content"].partition("\n\nSources:\n")
    assert text == MARKED
    assert sources.startswith("[1] ") and "[9]" not in message["content"]
    assert message["muniment"]["text"] == WRITTEN


async def test_a_stream_corrects_what_it_has_sent(served: httpx.AsyncClient) -> None:
    response = await served.post("/v1/chat/completions", json=chat(stream=True))
    deltas = [one["choices"][0]["delta"].get("content") or "" for one in events(response) if one["choices"]]
    sent, _, corrected = "".join(deltas).partition("\n\nAfter checking, the answer reads:\n\n")
    assert sent == WRITTEN
    assert corrected.startswith(f"{MARKED}\n\nSources:")


async def test_responses_mark_it_and_their_citations_stay_in_place(served: httpx.AsyncClient) -> None:
    body = {"model": "fake", "input": QUESTION, "tools": [SEARCH]}
    response = (await served.post("/v1/responses", json=body)).json()
    part = response["output"][-1]["content"][0]
    assert part["text"] == MARKED
    assert [one["index"] for one in part["annotations"]] == [len(FOUNDED)]
    streamed = await served.post("/v1/responses", json={**body, "stream": True})
    (done,) = [one for one in events(streamed) if one["type"] == "response.output_text.done"]
    assert done["text"].endswith(f"After checking, the answer reads:\n\n{MARKED}")


async def test_checked_turns_of_agents_mark_it(serve: Serve) -> None:
    script = {"provider": "fake", "answers": {QUESTION: WRITTEN}}
    async with serve(headers=V02, generators={"fake": script}) as client:
        config = {"model": "muniment/docs@fake", "instructions": ""}
        agent = (await client.post("/v1/agents", json={"agent_config": config})).json()["agent_id"]
        session = await client.post(f"/v1/agents/{agent}/session", json={"session_name": "one"})
        turns = f"/v1/agents/{agent}/session/{session.json()['session_id']}/turn"
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        turn = (await client.post(turns, json=asked)).json()
    assert turn["output_message"]["content"].startswith(f"{MARKED}\n\nSources:")


async def test_a_withheld_answer_says_what_was_not_found(serve: Serve) -> None:
    wrong = "Employees of Brasov receive 41 days of paid leave a year [1]."
    async with serve(generators={"fake": {"provider": "fake", "answers": {QUESTION: wrong}}}) as client:
        answer = (await client.post("/v1/answers", json={**ASK, "generator": "fake"})).json()
    assert (answer["text"], answer["verdict"]) == ("The documents do not answer this.", "abstained")
    (note,) = [note for note in answer["notes"] if "withheld" in note]
    assert "the number 41 days is not in the cited text" in note
    assert "the name Brasov is not in the cited text" in note


def answered(text: str, *claims: Claim) -> Answer:
    return Answer("ans_1", "?", "docs", text, AnswerVerdict.PARTLY_GROUNDED, claims, (), "fake")


def invented(number: int) -> Citation:
    return Citation(0, "", f"[{number}]", "", (), CitationVerdict.NOT_GIVEN)


def test_only_the_invented_number_of_a_mark_goes() -> None:
    text = "It opens at 9 [1, 7]. It closes at 5 [2]."
    claims = (
        Claim("It opens at 9.", 0, 21, (invented(7),), ClaimVerdict.SUPPORTED),
        Claim("It closes at 5.", 22, 41, (), ClaimVerdict.UNCITED),
    )
    shown = marked(answered(text, *claims))
    assert shown.text == "It opens at 9 [1]. It closes at 5 [2]. [not supported]"
    assert shown.text[: shown.moved(21)] == "It opens at 9 [1]."


def test_an_answer_that_is_founded_stays_as_it_is() -> None:
    text = "It opens at 9 [1]."
    claim = Claim("It opens at 9.", 0, len(text), (), ClaimVerdict.SUPPORTED)
    assert marked(answered(text, claim)).text == text
