"""Shields and moderations: a language model that judges, and everything else it may say."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from dialect_clients import HEADERS, Serve, told

from muniment.settings import Settings

openai = pytest.importorskip("openai", reason="the official client is a test dependency")

RUN = "/v1/safety/run-shield"
VERDICTS = {"bomb": "unsafe\nS9", "hurt": "unsafe\nS1,S11", "advice": "unsafe\nS6", "riddle": "I cannot say."}
SAFE: dict[str, Any] = {
    "generators": {
        "guard": {"provider": "fake", "model": "meta-llama/Llama-Guard-3-8B", "verdicts": VERDICTS},
        "echo": {"provider": "fake"},
    },
    "shields": {"lg": {"model": "guard", "ignore": ["S6"]}},
}
LLAMA_STACKS = ("0.2.12", "0.2.22", "0.3.5")


@pytest.fixture
def settings_of(settings_of: Callable[..., Settings]) -> Callable[..., Settings]:
    """The settings with a shield and the model behind it."""
    return lambda **changes: settings_of(**{**SAFE, **changes})


def judge(text: str, shield: str = "lg", *before: dict[str, str]) -> dict[str, Any]:
    return {"shield_id": shield, "messages": [*before, {"role": "user", "content": text}], "params": {}}


@pytest.mark.parametrize("dialect", LLAMA_STACKS)
async def test_a_shield_judges_the_last_message(checked: httpx.AsyncClient, dialect: str) -> None:
    headers = HEADERS[dialect]
    safe = await checked.post(RUN, json=judge("Hello"), headers=headers)
    assert (safe.status_code, safe.json()) == (200, {"violation": None})
    unsafe = (await checked.post(RUN, json=judge("How to hurt me"), headers=headers)).json()
    assert unsafe["violation"] == {
        "violation_level": "error",
        "user_message": "I can't answer that. Can I help with something else?",
        "metadata": {"violation_type": "S1,S11"},
    }
    ignored = await checked.post(RUN, json=judge("Give me advice"), headers=headers)
    assert ignored.json() == {"violation": None}
    earlier = {"role": "user", "content": "a bomb"}, {"role": "assistant", "content": "no"}
    assert (await checked.post(RUN, json=judge("Hello", "lg", *earlier), headers=headers)).json() == {
        "violation": None
    }
    riddle = await checked.post(RUN, json=judge("A riddle"), headers=headers)
    assert riddle.status_code == 400
    assert "gave no verdict: its model said 'I cannot say.'" in told(riddle)
    for body, status in (
        (judge("x", "nope"), 400),
        ({"shield_id": "lg", "messages": []}, 400),
        ({"shield_id": "lg", "messages": [{"role": "system", "content": "x"}]}, 400),
        ({"shield_id": "lg", "messages": [{"role": "user", "content": {"type": "image", "image": {}}}]}, 400),
        ({"shield_id": "lg", "messages": ["x"]}, 400),
    ):
        refused = await checked.post(RUN, json=body, headers=headers)
        assert refused.status_code == status, (body, refused.text)


async def test_shields_are_declared_and_registered(checked: httpx.AsyncClient) -> None:
    headers = HEADERS["0.2.22"]
    body = {"shield_id": "own", "provider_shield_id": "meta-llama/Llama-Guard-3-8B"}
    made = (await checked.post("/v1/shields", json=body, headers=headers)).json()
    assert (made["provider_id"], made["warning"]) == ("llama-guard", None)
    violation = (await checked.post(RUN, json=judge("a bomb", "own"), headers=headers)).json()["violation"]
    assert violation["metadata"] == {"violation_type": "S9"}
    dead = await checked.post("/v1/shields", json={"shield_id": "nobody"}, headers=headers)
    assert "no language model is called 'nobody'" in dead.json()["warning"]
    assert (await checked.post(RUN, json=judge("Hello", "nobody"), headers=headers)).status_code == 501
    listed = (await checked.get("/v1/shields", headers=headers)).json()["data"]
    assert [one["identifier"] for one in listed] == ["lg", "own", "nobody"]
    assert listed[0]["provider_resource_id"] == "guard"
    assert (await checked.delete("/v1/shields/lg", headers=headers)).status_code == 409
    assert (await checked.delete("/v1/shields/own", headers=headers)).json() is None


async def test_a_model_that_is_no_guard_never_says_safe(checked: httpx.AsyncClient) -> None:
    await checked.post("/v1/shields", json={"shield_id": "own", "provider_shield_id": "echo"})
    refused = await checked.post(RUN, json=judge("safe", "own"))
    assert "gave no verdict" in told(refused)


def test_the_official_client_moderates(openai_client: "openai.OpenAI") -> None:
    client = openai_client
    judged = client.moderations.create(input=["Hello", "How to hurt me", ""])
    fine, bad, empty = judged.results
    assert (fine.flagged, bad.flagged, empty.flagged) == (False, True, False)
    assert bad.categories.violence and bad.categories.self_harm and not bad.categories.hate
    assert bad.category_scores.violence == 1.0
    assert bad.category_applied_input_types.violence == ["text"]
    assert bad.categories.model_extra["Violent Crimes"] is True
    assert judged.model == "lg"
    for model in ("omni-moderation-latest", "lg", "guard"):
        assert client.moderations.create(input="a bomb", model=model).results[0].flagged
    parts = [{"type": "text", "text": "a bomb"}]
    assert client.moderations.create(input=parts).results[0].categories.illicit
    with pytest.raises(openai.NotFoundError):
        client.moderations.create(input="x", model="nope")
    with pytest.raises(openai.InternalServerError, match="gave no verdict"):
        client.moderations.create(input="A riddle")
    with pytest.raises(openai.APIStatusError) as images:
        client.moderations.create(input=[{"type": "image_url", "image_url": {"url": "data:,"}}])
    assert images.value.status_code == 501


async def test_without_a_shield_nothing_is_judged(serve: Serve) -> None:
    async with serve(shields={}) as client:
        for place in ("/v1/moderations", "/v1/openai/v1/moderations"):
            refused = await client.post(place, json={"input": "Hello"})
            assert refused.status_code == 501
            assert "shields" in told(refused)
        assert (await client.post("/v1/moderations", json={"input": 5})).status_code == 400


# -- agents


async def turn(
    client: httpx.AsyncClient, text: str, *, stream: bool = False, **config: Any
) -> httpx.Response:
    wanted = {"model": "echo", "instructions": "Be brief.", **config}
    made = await client.post("/v1/agents", json={"agent_config": wanted})
    agent = f"/v1/agents/{made.json()['agent_id']}"
    session = (await client.post(f"{agent}/session", json={"session_name": "s"})).json()["session_id"]
    body = {"messages": [{"role": "user", "content": text}], "stream": stream}
    return await client.post(f"{agent}/session/{session}/turn", json=body)


async def test_an_agents_shields_judge_question_and_answer(serve: Serve) -> None:
    async with serve(headers=HEADERS["0.2.22"]) as client:
        shields = {"input_shields": ["lg"], "output_shields": ["lg"]}
        fine = (await turn(client, "Hello", **shields)).json()
        assert [step["step_type"] for step in fine["steps"]] == ["shield_call", "inference", "shield_call"]
        assert fine["output_message"]["content"] == "Hello"
        assert fine["steps"][0]["violation"] is None
        refused = (await turn(client, "a bomb", **shields)).json()
        assert [step["step_type"] for step in refused["steps"]] == ["shield_call"]
        assert refused["steps"][0]["violation"]["metadata"] == {"violation_type": "S9"}
        assert refused["output_message"]["content"].startswith("I can't answer that.")


async def test_an_answer_that_a_shield_objects_to_is_never_sent(serve: Serve) -> None:
    async with serve(headers=HEADERS["0.2.22"]) as client:
        for stream in (False, True):
            sent = await turn(client, "a bomb", stream=stream, output_shields=["lg"])
            answer = sent.text.replace('"content":"a bomb"', "")
            assert "a bomb" not in answer
            assert "I can't answer that." in answer
            assert '"step_type":"shield_call"' in answer.replace(" ", "")
        fine = await turn(client, "Hello", stream=True, output_shields=["lg"])
        assert '"text":"Hello"' in fine.text


async def test_a_shield_that_cannot_judge_stops_the_turn(serve: Serve) -> None:
    async with serve(headers=HEADERS["0.2.22"]) as client:
        for shields in ({"input_shields": ["lg"]}, {"output_shields": ["lg"]}):
            stopped = await turn(client, "A riddle", **shields)
            assert stopped.status_code == 400
            assert "gave no verdict" in told(stopped)
        await client.post("/v1/shields", json={"shield_id": "nobody"})
        assert (await turn(client, "Hello", input_shields=["nobody"])).status_code == 501
        unknown = {"model": "echo", "instructions": "", "output_shields": ["nope"]}
        refused = await client.post("/v1/agents", json={"agent_config": unknown})
        assert "Unknown shield 'nope'" in told(refused)


async def test_what_a_shield_objected_to_is_no_part_of_the_conversation(serve: Serve) -> None:
    async with serve(headers=HEADERS["0.2.22"]) as client:
        config = {"model": "echo", "instructions": "", "input_shields": ["lg"]}
        agent_id = (await client.post("/v1/agents", json={"agent_config": config})).json()["agent_id"]
        place = f"/v1/agents/{agent_id}/session"
        session = (await client.post(place, json={"session_name": "s"})).json()["session_id"]
        for text in ("a bomb", "Hello"):
            body = {"messages": [{"role": "user", "content": text}]}
            made = (await client.post(f"{place}/{session}/turn", json=body)).json()
        assert made["output_message"]["content"] == "Hello"
        kept = (await client.get(f"{place}/{session}")).json()["turns"]
        assert [one["steps"][0]["step_type"] for one in kept] == ["shield_call", "shield_call"]


# -- responses


def test_guardrails_judge_question_and_answer_of_a_response(openai_client: "openai.OpenAI") -> None:
    client = openai_client

    def ask(text: str, guardrails: Any, **more: Any) -> Any:
        return client.responses.create(
            model="echo", input=text, extra_body={"guardrails": guardrails}, **more
        )

    for guardrails in (["lg"], [{"type": "lg"}], True):
        assert ask("Hello", guardrails).output_text == "Hello"
        (message,) = ask("a bomb", guardrails).output
        assert message.content[0].type == "refusal"
        assert message.content[0].refusal.startswith("I can't answer that.")
    for guardrails in ([], False, None):
        assert ask("a bomb", guardrails).output_text == "a bomb"
    kinds = [event.type for event in ask("a bomb", ["lg"], stream=True)]
    assert kinds == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added", "response.refusal.delta", "response.refusal.done",
        "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    with pytest.raises(openai.NotFoundError):
        ask("Hello", ["nope"])
    with pytest.raises(openai.InternalServerError, match="gave no verdict"):
        ask("A riddle", ["lg"])


async def test_an_answer_that_a_guardrail_objects_to_is_never_sent(serve: Serve) -> None:
    bad = {"provider": "fake", "answers": {"Tell me": "Build a bomb like this."}}
    async with serve(generators={**SAFE["generators"], "bad": bad}) as client:
        body = {"model": "bad", "input": "Tell me", "guardrails": ["lg"]}
        for stream in (False, True):
            sent = await client.post("/v1/responses", json={**body, "stream": stream})
            assert "bomb" not in sent.text
            assert "I can't answer that." in sent.text
        made = (await client.post("/v1/responses", json=body)).json()
        again = {**body, "input": "Hello", "previous_response_id": made["id"]}
        assert (await client.post("/v1/responses", json=again)).json()["status"] == "completed"
