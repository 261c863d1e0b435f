"""A collection with a gate: a generation that finds less stays staged, and the live one goes on answering."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from muniment.api.app import create_app
from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.errors import ConflictError, MunimentError
from muniment.protocols import ParsedFile
from muniment.providers.fake_parser import FakeParser, parse_text
from muniment.settings import Settings
from muniment.types import RunEvent
from warm_process import muniment

pytestmark = pytest.mark.timeout(180)

COLOURS = ("red", "green", "blue", "white", "black", "grey", "brown")
MAKERS = ("Toro", "Belane", "Kanius", "Mirara", "Salok")
MACHINES = [f"{colour} {maker}" for colour in COLOURS for maker in MAKERS]
"""No word names a machine alone, so that a search by words does not find it whatever the model is."""
BETWEEN = (
    "It was set up by the fitters of the works, and the keeper of the hall has its handbook in his desk."
)


def text(number: int, name: str) -> str:
    """A sheet that names its machine at the top and says what it needs at the end."""
    return (
        f"Sheet {number} is about the machine {name} in the north hall.\n\n{BETWEEN}\n\n"
        f"Every {number + 2} weeks {number + 5} litres of oil are filled in by hand."
    )


def file_of(name: str) -> str:
    return f"sheet-{MACHINES.index(name)}.txt"


def question(number: int, name: str) -> dict[str, object]:
    return {
        "id": name,
        "question": f"How many litres of oil are filled in by hand into the machine {name}?",
        "documents": [file_of(name)],
        "quote": f"{number + 5} litres of oil",
    }


class Gated(Protocol):
    def __call__(self, gate: dict[str, object] | None = None, **changes: Any) -> Settings:
        """Settings of a collection with a gate; ``changes`` are the collection's."""


class OpenGated(Protocol):
    def __call__(
        self, gate: dict[str, object] | None = None, **changes: Any
    ) -> AbstractAsyncContextManager[LocalWorkspace]:
        """Opens the workspace with these settings."""


@pytest.fixture
def open_gated(gated: Gated) -> OpenGated:
    @asynccontextmanager
    async def opened(gate: dict[str, object] | None = None, **changes: Any) -> AsyncIterator[LocalWorkspace]:
        workspace = await open_workspace(gated(gate, **changes), serving=False)
        try:
            yield workspace
        finally:
            await workspace.aclose()

    return opened


@pytest.fixture
def gated(tmp_path: Path) -> Gated:
    folder = tmp_path / "docs"
    folder.mkdir()
    rows = []
    for number, name in enumerate(MACHINES):
        (folder / file_of(name)).write_text(text(number, name))
        rows.append(json.dumps(question(number, name)))
    (tmp_path / "questions.jsonl").write_text("\n".join(rows))

    def settings(gate: dict[str, object] | None = None, **changes: Any) -> Settings:
        wanted = {"questions": str(tmp_path / "questions.jsonl"), **(gate or {"recall_at_5": 0.9})}
        return Settings.model_validate(
            {
                "data_dir": str(tmp_path / "data"),
                "collections": {
                    "docs": {"sources": str(folder), "embedding_model": "good", "gate": wanted, **changes}
                },
                "parser": {"provider": "fake"},
                "vector_store": {"provider": "milvus", "fusion": "zscore"},  # by phrases any model would do
                "embedding_models": {
                    "good": {"provider": "fake", "dimension": 256},
                    "other": {"provider": "fake", "dimension": 320},
                    "bad": {"provider": "fake", "dimension": 2},
                },
                "default_embedding_model": "good",
                "reconcile": {"ingest_on_start": False},
            }
        )

    return settings


async def done(events: AsyncIterator[RunEvent]) -> None:
    async for _ in events:
        pass


async def states(workspace: LocalWorkspace) -> dict[int, str]:
    return {one.number: one.state.value for one in await workspace.generations("docs")}


async def first(workspace: LocalWorkspace, name: str) -> str:
    asked = f"How many litres of oil are filled in by hand into the machine {name}?"
    return (await workspace.search("docs", asked)).passages[0].document_name


async def refused(workspace: LocalWorkspace) -> str:
    """Stage and try to promote; why not. The live generation answers as before."""
    await done(workspace.stage("docs"))
    with pytest.raises(ConflictError) as caught:
        await done(workspace.promote("docs"))
    assert caught.value.code == "gate_not_met"
    assert await states(workspace) == {1: "live", 2: "staged"}
    assert await first(workspace, "blue Kanius") == file_of("blue Kanius")
    report = await workspace.quality("docs")
    assert report.subject.generation == 2
    assert any("Not promoted" in note for note in report.notes)
    assert report.comparison is not None
    assert report.comparison.shared == len(MACHINES)
    return caught.value.message


async def test_an_equal_model_is_promoted(open_gated: OpenGated) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    async with open_gated(embedding_model="other") as workspace:
        await done(workspace.stage("docs"))
        await done(workspace.promote("docs"))
        assert await states(workspace) == {1: "previous", 2: "live"}
        report = await workspace.quality("docs")
        assert report.gate_met
        # 35 questions tell a fall of 6 from chance, and the report says so.
        [note] = report.notes
        assert "ndcg_at_10, recall_at_5: 0.17 (6 of 35 questions lost and none won)" in note or (
            "recall_at_5, ndcg_at_10: 0.17 (6 of 35 questions lost and none won)" in note
        )
        # Going back asks no gate: what was good enough once is wanted because something is wrong.
        await done(workspace.rollback("docs"))
        assert await states(workspace) == {1: "live", 2: "previous"}


async def test_a_worse_model_stays_staged(open_gated: OpenGated) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    async with open_gated({"recall_at_1": 0.1}, embedding_model="bad") as workspace:
        assert "ndcg_at_10 is significantly worse than the live generation's" in await refused(workspace)


async def test_a_worse_chunker_stays_staged(open_gated: OpenGated) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    tiny = {"max_tokens": 32, "min_tokens": 0}
    async with open_gated({"recall_at_1": 0.9}, chunking=tiny) as workspace:
        reason = await refused(workspace)
        assert "recall_at_1 is" in reason
        assert "wanted is at least 0.9" in reason


async def test_a_declared_margin_holds_back_what_chance_might_explain(
    open_gated: OpenGated,
) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    gate: dict[str, object] = {"recall_at_1": 0.1, "max_fall": {"recall_at_1": 0.02}}
    async with open_gated(gate, chunking={"max_tokens": 32, "min_tokens": 0}) as workspace:
        reason = await refused(workspace)
        assert "worse than before, allowed is a fall of at most 0.02" in reason
        [finding] = [one for one in (await workspace.quality("docs")).gate if one.fall]
        assert (finding.metric, finding.met) == ("recall_at_1", False)
        assert finding.value is not None
        assert finding.value > 0.02
    async with open_gated({"max_fall": {"recall_at_5": 0.02}}, embedding_model="other") as workspace:
        await done(workspace.stage("docs"))
        await done(workspace.promote("docs"))
        assert (await workspace.quality("docs")).gate_met


async def test_what_a_broken_parser_read_stays_staged(
    open_gated: OpenGated, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))

    async def broken(parser: FakeParser, path: Path, name: str, content_hash: str) -> ParsedFile:
        """Half of the letters are lost, as with a font that has no map to Unicode."""
        read = path.read_text()
        return ParsedFile(parse_text(read[::2], content_hash, parser.version), read.encode())

    monkeypatch.setattr(FakeParser, "version", "fake-2")
    monkeypatch.setattr(FakeParser, "parse", broken)
    async with open_gated() as workspace:
        reason = await refused(workspace)
        assert "recall_at_5 is" in reason


async def test_whoever_gives_a_reason_promotes_all_the_same(open_gated: OpenGated) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    async with open_gated({"recall_at_1": 0.1}, embedding_model="bad") as workspace:
        await refused(workspace)
        await done(workspace.promote("docs", despite_gate="the good model may not be used any more"))
        assert await states(workspace) == {1: "previous", 2: "live"}
        report = await workspace.quality("docs")
        [note] = [note for note in report.notes if "The reason given" in note]
        assert "the good model may not be used any more" in note
        assert "significantly worse" in note


async def test_over_http_the_refusal_and_the_reason_are_the_same(open_gated: OpenGated, gated: Gated) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    settings = gated({"recall_at_1": 0.1}, embedding_model="bad")
    app = create_app(partial(open_workspace, settings, serving=True), settings)
    transport, path = httpx.ASGITransport(app), "/v1/collections/docs"
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://muniment") as client,
    ):
        await app.state.opening.wait()
        (await client.post(f"{path}/stage")).raise_for_status()
        refusal = await client.post(f"{path}/promote")
        assert refusal.status_code == 409
        assert refusal.json()["error"]["code"] == "gate_not_met"
        assert any("Not promoted" in note for note in (await client.get(f"{path}/quality")).json()["notes"])
        reason = "the good model may not be used any more"
        (await client.post(f"{path}/promote", json={"despite_gate": reason})).raise_for_status()
        listed = (await client.get(f"{path}/generations")).json()["generations"]
        assert {one["number"]: one["state"] for one in listed} == {1: "previous", 2: "live"}
        assert any(reason in note for note in (await client.get(f"{path}/quality")).json()["notes"])


async def test_a_gate_that_asks_for_answers_asks_for_them(open_gated: OpenGated) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    async with open_gated({"groundedness": 0.5}, embedding_model="other") as workspace:
        await done(workspace.stage("docs"))
        await done(workspace.promote("docs"))
        report = await workspace.quality("docs")
        assert report.metric("groundedness") is not None
        assert all(result.verdict for result in report.results)


async def test_a_gate_without_its_questions_lets_nothing_through(
    open_gated: OpenGated, tmp_path: Path
) -> None:
    async with open_gated() as workspace:
        await done(workspace.ingest("docs", trigger="test"))
    (tmp_path / "questions.jsonl").unlink()
    async with open_gated(embedding_model="other") as workspace:
        await done(workspace.stage("docs"))
        with pytest.raises(MunimentError) as caught:
            await done(workspace.promote("docs"))
        assert caught.value.code == "questions_not_found"
        assert await states(workspace) == {1: "live", 2: "staged"}


YAML = """\
data_dir: data
collections:
  docs: {{sources: docs, embedding_model: {model}, gate: {{questions: questions.jsonl, recall_at_1: 0.1}}}}
parser: {{provider: fake}}
vector_store: {{provider: milvus, fusion: zscore}}
embedding_models: {{good: {{provider: fake, dimension: 256}}, bad: {{provider: fake, dimension: 2}}}}
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_apply_ends_with_the_reason_and_promote_can_be_told_otherwise(
    tmp_path: Path, open_gated: OpenGated
) -> None:
    settings = tmp_path / "muniment.yaml"
    settings.write_text(YAML.format(model="good"))
    assert muniment(tmp_path, "apply", "docs").returncode == 0
    settings.write_text(YAML.format(model="bad"))
    applied = muniment(tmp_path, "apply", "docs")
    assert applied.returncode == 1
    assert "gate_not_met" in applied.stderr
    assert "ndcg_at_10 is significantly worse" in " ".join(applied.stderr.split())
    listed = json.loads(muniment(tmp_path, "generations", "docs", "--json").stdout)["generations"]
    assert {one["number"]: one["state"] for one in listed} == {1: "live", 2: "staged"}
    told = muniment(tmp_path, "promote", "docs", "--despite-gate", "only a trial")
    assert told.returncode == 0, told.stderr
    assert "answered from generation 2" in told.stdout
    assert "Promoted although" in told.stderr
    assert "Too few questions to tell small falls from chance" in " ".join(told.stderr.split())
