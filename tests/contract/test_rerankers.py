"""Every reranker in the box keeps the contract; the one behind an endpoint, whatever the endpoint does."""

import json
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from muniment.errors import InputError, MunimentError, SettingsError, TimeoutExceededError, UnavailableError
from muniment.protocols import ProviderContext, Reranker
from muniment.providers.fake_reranker import PROVIDER as FAKE
from muniment.providers.rerank_endpoint import PROVIDER as ENDPOINT
from muniment.testing.reranker import QUERY, SAMPLE, RerankerContract

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from chat_endpoint import serve
from rerank_server import Fault, RerankServer

APIS = ("jina", "tei")
TEXTS = list(SAMPLE[:3])


@pytest.fixture
def server() -> Iterator[RerankServer]:
    with serve(RerankServer()) as server:
        yield server


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def endpoint(server: RerankServer, api: str, **options: object) -> Reranker:
    url = server.url if api == "jina" else server.root
    values = {"base_url": url, "api": api, "retry_pause_s": 0, "rest_s": 0, **options}
    return await ENDPOINT.create(ENDPOINT.options.model_validate(values), ProviderContext(Path(), "judge"))


@pytest.fixture
async def judge(server: RerankServer, api: str) -> AsyncIterator[Reranker]:
    made = await endpoint(server, api)
    yield made
    await made.aclose()


class TestFake(RerankerContract):
    @pytest.fixture
    async def reranker(self) -> Reranker:
        return await FAKE.create(FAKE.options(), ProviderContext(Path()))


class TestEndpoint(RerankerContract):
    @pytest.fixture
    def reranker(self, judge: Reranker) -> Reranker:
        return judge


# -- what is sent


async def test_the_shape_of_vllm_is_what_is_sent(server: RerankServer) -> None:
    judge = await endpoint(server, "jina", model="bge-reranker-v2-m3")
    await judge.score("q", ["a", "b"])
    await judge.aclose()
    sent = {
        "model": "bge-reranker-v2-m3",
        "query": "q",
        "documents": ["a", "b"],
        "truncate_prompt_tokens": -1,
    }
    assert server.asked == [("/v1/rerank", sent)]


async def test_servers_that_refuse_unknown_fields_are_sent_none(server: RerankServer) -> None:
    judge = await endpoint(server, "jina", truncate_prompt_tokens=None)
    await judge.score("q", ["a"])
    await judge.aclose()
    assert server.asked == [("/v1/rerank", {"query": "q", "documents": ["a"]})]


async def test_the_shape_of_tei_is_what_is_sent(server: RerankServer) -> None:
    judge = await endpoint(server, "tei", model="not sent: TEI serves one")
    await judge.score("q", ["a"])
    await judge.aclose()
    sent = {"query": "q", "texts": ["a"], "truncate": True, "raw_scores": False}
    assert server.asked == [("/rerank", sent)]


async def test_batches_hold_no_more_texts_than_told(server: RerankServer, api: str) -> None:
    judge = await endpoint(server, api, batch_size=4)
    scores = await judge.score("text 7", [f"text {number}" for number in range(10)])
    await judge.aclose()
    field = "documents" if api == "jina" else "texts"
    assert sorted(len(request[field]) for _, request in server.asked) == [2, 4, 4]
    assert scores.index(max(scores)) == 7


async def test_the_route_may_stand_in_the_address(server: RerankServer) -> None:
    judge = await endpoint(server, "tei", base_url=f"{server.root}/rerank")
    assert len(await judge.score("q", ["a"])) == 1
    await judge.aclose()


async def test_the_key_comes_from_the_environment(
    server: RerankServer, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sesame")
    server.faults = [Fault(401, '{"error": {"message": "Invalid token sesame"}}')]
    judge = await endpoint(server, api, api_key_env="JUDGE_KEY")
    with pytest.raises(UnavailableError, match=r"Invalid token \*\*\*") as caught:
        await judge.score("q", ["a"])
    await judge.aclose()
    assert (caught.value.code, server.keys) == ("reranker_refused", ["Bearer sesame"])


async def test_a_missing_key_is_told_at_the_start(server: RerankServer, api: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="NO_SUCH_KEY") as caught:
        await endpoint(server, api, api_key_env="NO_SUCH_KEY")
    assert caught.value.code == "secret_missing"
    with pytest.raises(ValidationError, match="not both"):
        await endpoint(server, api, api_key_env="A", api_key_file=str(tmp_path))


# -- what goes wrong


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_again(server: RerankServer, judge: Reranker, status: int) -> None:
    server.faults = [Fault(status)]
    assert len(await judge.score(QUERY, TEXTS)) == 3
    assert len(server.asked) == 2


async def test_a_server_that_goes_on_failing_is_unavailable(server: RerankServer, judge: Reranker) -> None:
    server.faults, server.broken = [Fault()], True
    with pytest.raises(UnavailableError, match="answered 500: out of memory") as caught:
        await judge.score(QUERY, TEXTS)
    assert (caught.value.code, len(server.asked)) == ("reranker_unavailable", 2)
    with pytest.raises(UnavailableError):
        await judge.check()


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (401, UnavailableError, "api_key_env"),
        (404, UnavailableError, "base_url"),
        (302, UnavailableError, "base_url"),
        (400, InputError, "truncate_prompt_tokens"),
        (413, InputError, "batch_size"),
        (422, InputError, "batch_size"),
    ],
)
async def test_a_refusal_is_not_tried_again(
    server: RerankServer, judge: Reranker, status: int, kind: type[MunimentError], hint: str
) -> None:
    server.faults = [Fault(status, '{"error": "it will not do", "error_type": "Validation"}')]
    with pytest.raises(kind, match="it will not do") as caught:
        await judge.score(QUERY, TEXTS)
    assert (caught.value.code, len(server.asked)) == ("reranker_refused", 1)
    assert hint in caught.value.hint


def replies(api: str, scores: list[tuple[int, object]]) -> str:
    name = "relevance_score" if api == "jina" else "score"
    ranks = [{"index": index, name: score} for index, score in scores]
    return json.dumps({"results": ranks} if api == "jina" else ranks)


@pytest.mark.parametrize(
    "scores",
    [
        [],
        [(0, 1.0), (1, 0.5)],
        [(0, 1.0), (1, 0.5), (2, 0.1), (3, 0.0)],
        [(0, 1.0), (1, 0.5), (1, 0.1)],
        [(0, 1.0), (1, 0.5), (-1, 0.1)],
        [(0, float("nan")), (1, 0.5), (2, 0.1)],
        [(0, float("inf")), (1, 0.5), (2, 0.1)],
        [(0, None), (1, 0.5), (2, 0.1)],
        [(0, "high"), (1, 0.5), (2, 0.1)],
    ],
)
async def test_scores_that_are_not_one_number_a_text_are_refused(
    server: RerankServer, judge: Reranker, api: str, scores: list[tuple[int, object]]
) -> None:
    server.faults = [Fault(200, replies(api, scores))]
    with pytest.raises(UnavailableError, match="sent no scores") as caught:
        await judge.score(QUERY, TEXTS)
    assert caught.value.code == "reranker_unavailable"
    assert "`api`" in caught.value.hint


@pytest.mark.parametrize("body", ["", "<html>", "null", "{}", '{"data": []}', "[1]", '{"results": 3}'])
async def test_what_is_no_reply_is_refused(server: RerankServer, judge: Reranker, body: str) -> None:
    server.faults = [Fault(200, body)]
    with pytest.raises(UnavailableError, match="sent no scores"):
        await judge.score(QUERY, TEXTS)


async def test_a_slow_server_is_given_up(server: RerankServer, api: str) -> None:
    server.faults = [Fault(200, pause=5)]
    judge = await endpoint(server, api, timeout_s=0.05)
    with pytest.raises(TimeoutExceededError) as caught:
        await judge.score(QUERY, TEXTS)
    await judge.aclose()
    assert (caught.value.code, len(server.asked)) == ("reranker_timeout", 1)
    assert "timeout_s" in caught.value.hint


async def test_a_server_that_is_not_there_is_named(server: RerankServer, api: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    judge = await endpoint(server, api, base_url=address)
    with pytest.raises(UnavailableError, match=address) as caught:
        await judge.score(QUERY, TEXTS)
    await judge.aclose()
    assert caught.value.code == "reranker_unavailable"


async def test_a_server_that_did_not_answer_is_left_alone_until_it_does(
    server: RerankServer, api: str
) -> None:
    server.faults = [Fault(404)]
    judge = await endpoint(server, api, rest_s=3600)
    for _ in range(3):
        with pytest.raises(UnavailableError, match="404"):
            await judge.score(QUERY, TEXTS)
    assert len(server.asked) == 1
    await judge.check()
    assert len(await judge.score(QUERY, TEXTS)) == 3
    await judge.aclose()


async def test_a_check_does_not_wait_long(server: RerankServer, api: str) -> None:
    server.faults = [Fault(200, pause=5), Fault(503), Fault(503)]
    judge = await endpoint(server, api, connect_timeout_s=0.05)
    with pytest.raises(TimeoutExceededError, match="time limit"):
        await judge.check()
    with pytest.raises(UnavailableError, match="503"):
        await judge.check()
    assert len(server.asked) == 2
    await judge.aclose()


async def test_a_server_that_asks_for_a_long_pause_is_not_waited_for(
    server: RerankServer, judge: Reranker
) -> None:
    server.faults = [Fault(429, headers=(("retry-after", "60"),))]
    with pytest.raises(UnavailableError, match="429"):
        await judge.score(QUERY, TEXTS)
    assert len(server.asked) == 1


async def test_a_refused_request_does_not_stop_the_others(server: RerankServer, api: str) -> None:
    server.faults = [Fault(400)]
    judge = await endpoint(server, api, rest_s=3600)
    with pytest.raises(InputError):
        await judge.score(QUERY, TEXTS)
    assert len(await judge.score(QUERY, TEXTS)) == 3
    await judge.aclose()


async def test_long_texts_are_cut_by_the_server(server: RerankServer, judge: Reranker, api: str) -> None:
    assert len(await judge.score(QUERY, ["warranty " * 3000])) == 1
    refusing = await endpoint(server, "jina", truncate_prompt_tokens=None)
    with pytest.raises(InputError, match="maximum context length") as caught:
        await refusing.score(QUERY, ["warranty " * 3000])
    await refusing.aclose()
    assert caught.value.code == "reranker_refused"


async def test_no_text_of_a_document_is_logged(
    server: RerankServer, judge: Reranker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="muniment")
    server.faults, server.broken = [Fault()], True
    with pytest.raises(UnavailableError):
        await judge.score("secret question", ["secret text"])
    assert "secret" not in caplog.text
