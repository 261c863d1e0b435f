"""A collection that Llama Stack filled is searched and cited where it lies, and never written to."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from llama_stack_milvus import CHUNKS, FILL, TEXTS, chunk, filled, rows_in
from typer.testing import CliRunner, Result

from muniment.answer.events import Finished
from muniment.build import open_workspace
from muniment.cli.main import app
from muniment.collections.local import LocalWorkspace
from muniment.errors import ConflictError, NotFoundError
from muniment.protocols import Embedder
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.settings import Settings, load_settings
from muniment.types import CollectionState, Comparison, Operator, SearchMode, text_of

DIMENSION = 64


def small() -> Embedder:
    return FakeEmbedder("small", FakeEmbedderOptions(dimension=DIMENSION))


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of each version, filled once."""
    folder = tmp_path_factory.mktemp("old")
    for version in FILL:
        asyncio.run(filled(folder / f"{version}.db", version, small()))
    return folder


@pytest.fixture(params=FILL)
def old(request: pytest.FixtureRequest, tmp_path: Path, left_behind: Path) -> Path:
    """A database that a server of either version left behind."""
    return shutil.copytree(left_behind / f"{request.param}.db", tmp_path / "old.db")


@asynccontextmanager
async def opened(
    tmp_path: Path, old: Path, *, serving: bool = False, **changes: object
) -> AsyncIterator[LocalWorkspace]:
    settings = Settings.model_validate(
        {
            "data_dir": str(tmp_path / "data"),
            "collections": {
                "docs": {"embedding_model": "small", "adopt": {"collection": "docs_old", "uri": str(old)}}
            },
            "parser": {"provider": "fake"},
            "embedding_models": {"small": {"provider": "fake", "dimension": DIMENSION}},
            **changes,
        }
    )
    workspace = await open_workspace(settings, serving=serving)
    try:
        yield workspace
    finally:
        await workspace.aclose()


@pytest.mark.parametrize("mode", SearchMode)
async def test_it_is_searched_in_every_mode(tmp_path: Path, old: Path, mode: SearchMode) -> None:
    async with opened(tmp_path, old) as workspace:
        result = await workspace.search("docs", "paid leave days a year", mode=mode, limit=2)
        best = result.passages[0]
        assert best.chunk.text == TEXTS["leave"][0]
        assert (best.document_id, best.document_name) == ("leave", "leave")
        assert best.metadata["year"] == 2024
        assert "tags" not in best.metadata


async def test_every_hit_is_citable(tmp_path: Path, old: Path) -> None:
    async with opened(tmp_path, old) as workspace:
        result = await workspace.search("docs", "days allowance leave", limit=10)
        assert len(result.passages) == len(CHUNKS)
        for passage in result.passages:
            document = await workspace.parsed("docs", passage.document_id)
            assert text_of(document.text, passage.chunk.spans) == passage.chunk.text
        leave = await workspace.parsed("docs", "leave")
        assert leave.text == "\n\n".join(TEXTS["leave"])


async def test_an_answer_quotes_it_with_checked_citations(tmp_path: Path, old: Path) -> None:
    async with opened(tmp_path, old) as workspace:
        question = "How many days of paid leave do employees receive?"
        events = [event async for event in workspace.answer("docs", question)]
        assert isinstance(events[-1], Finished)
        answer = events[-1].answer
        citations = [citation for claim in answer.claims for citation in claim.citations]
        assert [citation.verdict for citation in citations] == ["verified"]
        assert citations[0].document_id == "leave"


async def test_metadata_filters_it(tmp_path: Path, old: Path) -> None:
    async with opened(tmp_path, old) as workspace:
        condition = Comparison("year", Operator.EQ, 2025)
        result = await workspace.search("docs", "days", filter=condition)
        assert [passage.chunk.text for passage in result.passages] == [TEXTS["leave"][1]]


async def test_status_and_documents_come_from_the_store(tmp_path: Path, old: Path) -> None:
    async with opened(tmp_path, old) as workspace:
        status = await workspace.collection("docs")
        assert (status.state, status.documents, status.chunks) == (CollectionState.READY, 2, 3)
        assert status.sources == (f"adopted from docs_old at {old}",)
        assert (await workspace.readiness()).ready
        documents = await workspace.documents("docs")
        assert [document.name for document in documents] == ["https://intranet/travel.pdf", "leave"]
        # An address cannot hold the first one's own id.
        assert documents[0].document_id.startswith("doc_")
        assert await workspace.document("docs", documents[0].document_id) == documents[0]
        assert len(await workspace.documents("docs", limit=1)) == 1
        with pytest.raises(NotFoundError) as refused:
            await workspace.raw_file("docs", "leave")
        assert refused.value.code == "original_not_kept"
        with pytest.raises(NotFoundError) as unknown:
            await workspace.parsed("docs", "nothing")
        assert unknown.value.code == "unknown_document"


async def test_nothing_ever_writes_to_it(tmp_path: Path, old: Path) -> None:
    before = rows_in(old)
    async with opened(tmp_path, old) as workspace:
        runtime = workspace._parts.runtime("docs")
        file = tmp_path / "new.txt"
        file.write_text("New.")
        with pytest.raises(ConflictError) as uploading:
            await workspace.upload("docs", "new.txt", file, {})
        with pytest.raises(ConflictError) as ingesting:
            [event async for event in workspace.ingest("docs", trigger="test", rebuild=True)]
        with pytest.raises(ConflictError) as deleting:
            await workspace.delete_document("docs", "leave")
        with pytest.raises(ConflictError) as removing:
            await runtime.open_index().delete([1])
        codes = {error.value.code for error in (uploading, ingesting, deleting, removing)}
        assert codes == {"collection_adopted"}
    assert rows_in(old) == before


async def test_what_the_other_server_adds_is_found_after_the_next_check(
    tmp_path: Path, old: Path, request: pytest.FixtureRequest
) -> None:
    from muniment.collections.adopted import open_adopted

    async with opened(tmp_path, old) as workspace:
        runtime = workspace._parts.runtime("docs")
        assert runtime.adopted_from is not None
        store = await runtime.adopted_from.get()
        new = chunk("pumps", "Code E-417 means that the pump runs dry.", 0)
        vectors = await small().embed_texts([new["content"]])
        FILL[request.node.callspec.params["old"]](store.client(), "docs_old", [new], vectors)  # type: ignore[attr-defined]
        await open_adopted(runtime, workspace._parts.store)
        found = await workspace.search("docs", "E-417")
        assert found.passages[0].document_name == "pumps"


async def test_a_server_need_not_wait_for_it(tmp_path: Path, old: Path) -> None:
    async with opened(tmp_path, old, serving=True) as workspace:
        assert workspace._parts.runtime("docs").index is None
        async with asyncio.timeout(120):
            while not (await workspace.readiness()).ready:  # noqa: ASYNC110 - any client waits like this
                await asyncio.sleep(0.01)
        assert (await workspace.search("docs", "paid leave")).passages


async def test_two_collections_of_one_database_open_it_once(tmp_path: Path, old: Path) -> None:
    adopt = {"collection": "docs_old", "uri": str(old)}
    collections = {name: {"embedding_model": "small", "adopt": adopt} for name in ("docs", "again")}
    async with opened(tmp_path, old, collections=collections) as workspace:
        assert (await workspace.readiness()).ready


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"collection": "elsewhere"}, "unknown_adopted_collection"),
        ({"model": "large"}, "not_adoptable"),
    ],
)
async def test_what_cannot_be_adopted_leaves_the_other_collections_alone(
    tmp_path: Path, old: Path, changes: dict[str, str], code: str
) -> None:
    adopt = {"collection": changes.get("collection", "docs_old"), "uri": str(old)}
    collections = {
        "docs": {"embedding_model": changes.get("model", "small"), "adopt": adopt},
        "own": {"embedding_model": "small"},
    }
    models = {name: {"provider": "fake", "dimension": n} for name, n in (("small", DIMENSION), ("large", 96))}
    async with opened(tmp_path, old, collections=collections, embedding_models=models) as workspace:
        problem = workspace._parts.runtime("docs").problem
        assert problem is not None and problem.code == code
        assert (await workspace.collection("docs")).state is CollectionState.UNAVAILABLE
        assert (await workspace.collection("own")).state is CollectionState.EMPTY


SETTINGS = f"""\
# Ours.
data_dir: data
collections:
  docs: {{embedding_model: small}}   # to be filled
embedding_models:
  small: {{provider: fake, dimension: {DIMENSION}}}
  large: {{provider: fake, dimension: 96}}
parser: {{provider: fake}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "muniment.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("old", ["0.2.12"], indirect=True)
class TestCommand:
    def adopt(self, *arguments: str) -> Result:
        return run("adopt", *arguments, "--collection", "docs_old", "--uri", "old.db")

    def test_it_is_checked_and_declared(self, old: Path, folder: Path) -> None:
        result = self.adopt("docs")
        assert result.exit_code == 0, result.output
        assert "3 chunks of 2 documents" in result.stdout
        assert "# to be filled" in (folder / "muniment.yaml").read_text(encoding="utf-8")
        declared = load_settings(folder / "muniment.yaml", {}).collections["docs"]
        assert declared.embedding_model == "small"
        assert declared.adopt is not None and declared.adopt.uri == str(old)
        found = json.loads(run("search", "paid leave", "--json").stdout)
        assert found["passages"][0]["text"] == TEXTS["leave"][0]
        assert run("ingest").exit_code == 0
        assert "collection_adopted" in run("ingest", "docs").stderr

    def test_a_new_collection_is_added(self, old: Path, folder: Path) -> None:
        result = self.adopt("more", "--embedding-model", "small", "--json")
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert (report["chunks"], report["documents"]) == (3, 2)
        assert min(report["cosines"]) > 0.99
        assert set(load_settings(folder / "muniment.yaml", {}).collections) == {"docs", "more"}

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("more", "--embedding-model", "large"), "not_adoptable"),
            (("more", "--embedding-model", "nonsense"), "unknown_model"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, old: Path, folder: Path, arguments: tuple[str, ...], code: str
    ) -> None:
        result = self.adopt(*arguments)
        assert result.exit_code != 0
        assert code in result.stderr
        assert (folder / "muniment.yaml").read_text(encoding="utf-8") == SETTINGS

    def test_a_file_that_cannot_be_written_is_left(self, old: Path, folder: Path) -> None:
        (folder / "conf").mkdir()
        (folder / "conf" / "muniment.yaml").write_text(SETTINGS, encoding="utf-8")
        (folder / "conf").chmod(0o500)
        if os.access(folder / "conf", os.W_OK):
            pytest.skip("this user may write anywhere")
        result = self.adopt("docs", "--config", "conf/muniment.yaml")
        assert "file_unwritable" in result.stderr

    def test_what_is_not_there_is_refused(self, old: Path, folder: Path) -> None:
        missing = run("adopt", "docs", "--collection", "other", "--uri", "old.db")
        assert "unknown_adopted_collection" in missing.stderr
        assert "docs_old" in missing.stderr
        nowhere = run("adopt", "docs", "--collection", "docs_old", "--uri", "nowhere.db")
        assert "There is no database" in nowhere.stderr
        assert not (folder / "nowhere.db").exists()
        (folder / "lite2.db").write_bytes(b"SQLite format 3\0")
        assert "Milvus Lite 2" in run("adopt", "docs", "-C", "docs_old", "--uri", "lite2.db").stderr


async def test_vectors_of_another_model_are_refused_with_the_figure(tmp_path: Path, folder: Path) -> None:
    class Backwards(FakeEmbedder):
        async def embed_texts(self, texts, *, urgent=False):  # type: ignore[no-untyped-def]
            return await super().embed_texts([text[::-1] for text in texts], urgent=urgent)

    await filled(tmp_path / "old.db", "0.2.22", Backwards("other", FakeEmbedderOptions(dimension=DIMENSION)))
    result = await asyncio.to_thread(run, "adopt", "docs", "--collection", "docs_old", "--uri", "old.db")
    assert result.exit_code == 1
    assert "embedding_model_mismatch" in result.stderr
    assert "at least 0.9 is expected" in result.stderr
    assert (folder / "muniment.yaml").read_text(encoding="utf-8") == SETTINGS
