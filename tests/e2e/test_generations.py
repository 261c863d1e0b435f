"""A new embedding model, chunking or parser: built beside what answers, swapped when it is complete."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from workspaces import Open, found, ingest, row_ids, use_chunker

from muniment.build import open_workspace
from muniment.collections.generations import Generations
from muniment.collections.local import LocalWorkspace
from muniment.collections.recipe import alias_of, index_name
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import ConflictError, MunimentError
from muniment.providers.fake_parser import FakeParser
from muniment.settings import Settings
from muniment.types import (
    AnswerVerdict,
    Chunk,
    CollectionState,
    DocumentState,
    GenerationChange,
    GivenChunk,
    ParsedDocument,
    Run,
    RunEvent,
    RunProgress,
    StaticChunking,
    StoreFileState,
    parser_of,
)
from muniment.weights import list_weights

CANTEEN = "The canteen opens at half past eleven on working days."
WARRANTY = "The warranty of pump P-7 is 36 months from delivery."
FEES = "The annual fee for the archive is 120 euros."


async def last_run(events: AsyncIterator[RunEvent]) -> Run:
    last = [event async for event in events][-1]
    assert isinstance(last, RunProgress)
    return last.run


async def stage(workspace: LocalWorkspace) -> Run:
    return await last_run(workspace.stage("docs"))


async def promote(workspace: LocalWorkspace) -> Run:
    return await last_run(workspace.promote("docs"))


async def states(workspace: LocalWorkspace) -> dict[int, str]:
    return {one.number: one.state.value for one in await workspace.generations("docs")}


async def wanted(workspace: LocalWorkspace) -> GenerationChange | None:
    return (await workspace.plan("docs")).generation


async def texts(workspace: LocalWorkspace, query: str) -> set[str]:
    result = await workspace.search("docs", query, limit=50)
    return {passage.chunk.text for passage in result.passages}


async def index_names(workspace: LocalWorkspace) -> set[str]:
    return await workspace._parts.store.names()


async def test_a_changed_embedding_model_is_answered_without_until_it_is_promoted(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        assert await wanted(workspace) is None
    async with open_docs(embedding_model="large") as workspace:
        status = await workspace.collection("docs")
        assert (status.state, status.dimension) == (CollectionState.READY, 64)
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
        plan = await workspace.plan("docs")
        assert (plan.empty, plan.unchanged, plan.estimate.chunks_written) == (False, 3, 3)
        change = plan.generation
        assert change is not None
        assert [(one.what, one.live, one.wanted) for one in change.differences] == [
            ("embedding_model", "small", "large")
        ]
        assert (change.reparse, change.rechunk, change.reembed) == (0, 0, 3)
        assert (await stage(workspace)).done == 3
        assert (await workspace.collection("docs")).dimension == 64
        await promote(workspace)
        status = await workspace.collection("docs")
        assert (status.dimension, status.embedding_model, status.documents) == (96, "large", 3)
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
        assert await wanted(workspace) is None
        assert await states(workspace) == {1: "previous", 2: "live"}
    async with open_docs(embedding_model="large") as workspace:
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
        assert (await workspace.collection("docs")).mended == ()


async def test_new_files_are_ingested_into_the_live_generation_although_another_is_wanted(
    open_docs: Open, docs: Path
) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        (docs / "canteen.txt").write_text(CANTEEN)
        run = await ingest(workspace)
        assert (run.done, run.unchanged) == (1, 3)
        assert (await found(workspace, "when does the canteen open"))[0] == "canteen.txt"


async def test_nothing_is_parsed_or_fetched_again_for_another_chunking(open_docs: Open, docs: Path) -> None:
    (docs / "long.txt").write_text(
        "\n\n".join(f"Pump {n} takes {n * 7} litres of oil a year." for n in range(40))
    )
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
    smaller = {"max_tokens": 48, "min_tokens": 8}
    async with open_docs(chunking=smaller) as workspace:
        sources = workspace._parts.runtime("docs").sources
        workspace._parts.runtime("docs").sources = [_NeverFetched(source) for source in sources]
        change = await wanted(workspace)
        assert change is not None
        assert (change.reparse, change.rechunk, change.reembed) == (0, 4, 4)
        estimate = (await workspace.plan("docs")).estimate
        assert estimate.chunks_written > len(before)
        assert estimate.disk_bytes > 0
        run = await stage(workspace)
        assert (run.done, run.failed) == (4, 0)
        await promote(workspace)
        assert len(await row_ids(workspace)) > len(before)
        assert not await row_ids(workspace) & before


async def test_a_new_parser_reads_the_kept_files(
    open_docs: Open, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "broken.txt").write_bytes(b"\x00\xff broken")
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
    monkeypatch.setattr(FakeParser, "version", "fake-2")
    async with open_docs() as workspace:
        change = await wanted(workspace)
        assert change is not None
        assert (change.reparse, change.rechunk, change.reembed) == (3, 3, 3)
        run = await stage(workspace)
        assert (run.done, run.failed) == (3, 1)
        await promote(workspace)
        assert {parser_of(one.parser) for one in await workspace.documents("docs")} == {"fake-2"}
        assert not await row_ids(workspace) & before
        await last_run(workspace.rollback("docs"))
        assert await row_ids(workspace) == before


async def test_the_real_encoder_changes_its_chunking_and_then_its_model(docs: Path, tmp_path: Path) -> None:
    fixture = Path(__file__).parents[1] / "fixtures" / "encoders" / "bert"
    here = [known for known in list_weights(tmp_path) if known.state in ("ready", "installed")]
    if "all-MiniLM-L6-v2" not in [known.weights.name for known in here]:
        pytest.skip("the weights of all-MiniLM-L6-v2 are not installed")
    for number in range(6):
        pumps = [f"Pump {number}-{part} takes {part * 7} litres of oil a year." for part in range(30)]
        (docs / f"pumps-{number}.txt").write_text("\n\n".join(pumps))

    @asynccontextmanager
    async def opened(model: str, max_tokens: int) -> AsyncIterator[LocalWorkspace]:
        settings = Settings.model_validate(
            {
                "data_dir": str(tmp_path / "data"),
                "collections": {
                    "docs": {
                        "sources": str(docs),
                        "embedding_model": model,
                        "chunking": {"max_tokens": max_tokens, "min_tokens": 8},
                    }
                },
                "embedding_models": {"tiny": {"provider": "encoder", "path": str(fixture)}},
                "default_embedding_model": model,
                "parser": {"provider": "fake"},
                "reconcile": {"ingest_on_start": False},
            }
        )
        workspace = await open_workspace(settings, serving=True)
        try:
            yield workspace
        finally:
            await workspace.aclose()

    question = "How many days of paid leave do employees receive?"
    async with opened("all-MiniLM-L6-v2", 200) as workspace:
        await ingest(workspace)
        assert (await found(workspace, question))[0] == "leave.txt"
        coarse = len(await row_ids(workspace))
    async with opened("all-MiniLM-L6-v2", 48) as workspace:
        await stage(workspace)
        assert len(await row_ids(workspace)) == coarse
        await promote(workspace)
        assert len(await row_ids(workspace)) > coarse
        assert (await found(workspace, question))[0] == "leave.txt"
    async with opened("tiny", 48) as workspace:
        assert (await workspace.collection("docs")).embedding_model == "all-MiniLM-L6-v2"
        assert (await found(workspace, question))[0] == "leave.txt"
        await stage(workspace)
        await promote(workspace)
        status = await workspace.collection("docs")
        assert (status.embedding_model, status.generation) == ("tiny", 3)
        assert status.dimension != 384
        assert "leave.txt" in await found(workspace, question)
        await last_run(workspace.rollback("docs"))
        assert (await workspace.collection("docs")).dimension == 384
        assert (await found(workspace, question))[0] == "leave.txt"
        assert await states(workspace) == {2: "live", 3: "previous"}
        assert (await workspace.collection("docs")).mended == ()


async def test_what_changed_since_is_caught_up_with_on_promotion(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        (docs / "canteen.txt").write_text(CANTEEN)
        (docs / "travel.txt").write_text("Trains are late, and there is no allowance any more.")
        (docs / "leave.txt").unlink()
        await ingest(workspace)
        run = await promote(workspace)
        assert (run.done, run.removed, run.failed) == (2, 1, 0)
        names = {document.name for document in await workspace.documents("docs")}
        assert names == {"canteen.txt", "travel.txt", "pumps.txt"}
        assert CANTEEN in await texts(workspace, "canteen")
        assert not any("32 euros" in text for text in await texts(workspace, "travel allowance"))
        assert len(await row_ids(workspace)) == (await workspace.collection("docs")).chunks


async def test_uploads_attached_files_and_given_chunks_are_carried_over(
    open_docs: Open, tmp_path: Path
) -> None:
    upload, attached = tmp_path / "upload", tmp_path / "attached"
    upload.write_text(CANTEEN)
    attached.write_text(" ".join([WARRANTY] * 30))
    old = [0.0] * 63 + [1.0]
    async with open_docs() as workspace:
        await ingest(workspace)
        await workspace.upload("docs", "canteen.txt", upload, {"department": "services"})
        file = await workspace.services.files.save("warranty.txt", "assistants", attached)
        await workspace.services.attachments.attach("docs", file.id, {"year": 2024}, StaticChunking(100, 20))
        await _read(workspace, file.id)
        chunks = [GivenChunk("c1", FEES, vector=tuple(old)), GivenChunk("c2", "A second chunk about fees.")]
        await workspace.services.stores.insert("docs", chunks)
        before = await texts(workspace, "warranty canteen fee")
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        await workspace.services.stores.insert("docs", [GivenChunk("c2", "It says something else now.")])
        await workspace.services.attachments.update("docs", file.id, {"year": 2026})
        await promote(workspace)
        assert (await workspace.collection("docs")).dimension == 96
        after = await texts(workspace, "warranty canteen fee")
        assert after - before == {"It says something else now."}
        assert before - after == {"A second chunk about fees."}
        assert FEES in await texts(workspace, "annual fee for the archive")
        rows = await workspace.services.attachments.chunks("docs", file.id)
        assert rows and all(row.metadata == {"year": 2026} for row in rows)
        assert (await workspace.services.attachments.get("docs", file.id)).state is StoreFileState.COMPLETED
        [canteen] = [one for one in await workspace.documents("docs") if one.name == "canteen.txt"]
        await workspace.delete_document("docs", canteen.document_id)
        await last_run(workspace.rollback("docs"))
        assert (await workspace.collection("docs")).dimension == 64
        rolled_back = await texts(workspace, "warranty canteen fee")
        assert rolled_back == after - {CANTEEN}


async def test_a_rollback_brings_the_previous_generation_up_to_date(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        with pytest.raises(ConflictError) as caught:
            await last_run(workspace.rollback("docs"))
        assert caught.value.code == "no_previous_generation"
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        await promote(workspace)
        (docs / "canteen.txt").write_text(CANTEEN)
        await ingest(workspace)
        await last_run(workspace.rollback("docs"))
        status = await workspace.collection("docs")
        assert (status.dimension, status.documents, status.embedding_model) == (64, 4, "small")
        assert (await found(workspace, "when does the canteen open"))[0] == "canteen.txt"
        assert await states(workspace) == {1: "live", 2: "previous"}
        assert await wanted(workspace) is not None
    async with open_docs(embedding_model="large") as workspace:
        assert (await workspace.collection("docs")).dimension == 64


async def test_the_generation_before_the_previous_is_removed_with_its_index(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        for _ in range(2):
            await ingest(workspace, rebuild=True)
        assert await states(workspace) == {2: "previous", 3: "live"}
        assert await index_names(workspace) == {index_name("docs", 2), index_name("docs", 3)}
        assert workspace._parts.catalog.documents("docs", generation=1) == ()
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"


async def test_a_staged_generation_can_be_discarded(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        assert (await workspace.discard("docs")).number == 2
        assert await states(workspace) == {1: "live"}
        assert await index_names(workspace) == {index_name("docs")}
        for refused in (promote(workspace), workspace.discard("docs")):
            with pytest.raises(ConflictError) as caught:
                await refused
            assert caught.value.code == "nothing_staged"


async def test_nothing_is_staged_that_the_live_generation_is_already(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        with pytest.raises(ConflictError) as caught:
            await stage(workspace)
        assert caught.value.code == "generation_current"
        assert await states(workspace) == {1: "live"}


async def test_settings_that_change_after_staging_ask_for_another_stage(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
    async with open_docs(embedding_model="large", chunking={"max_tokens": 64}) as workspace:
        with pytest.raises(ConflictError) as caught:
            await promote(workspace)
        assert caught.value.code == "staged_outdated"
        await stage(workspace)
        assert await states(workspace) == {1: "live", 3: "staged"}
        await promote(workspace)
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"


async def test_a_collection_that_holds_nothing_takes_the_declaration_over(open_docs: Open) -> None:
    async with open_docs():
        pass
    async with open_docs(embedding_model="large") as workspace:
        assert (await workspace.collection("docs")).dimension == 96
        assert await wanted(workspace) is None
        assert await states(workspace) == {1: "live"}
        assert (await ingest(workspace)).done == 3


async def test_a_source_that_does_not_answer_leaves_the_live_generation(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        docs.rename(docs.with_name("away"))
        with pytest.raises(MunimentError):
            await promote(workspace)
        assert await states(workspace) == {1: "live", 2: "staged"}
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"


async def test_a_gate_keeps_a_generation_from_becoming_live(open_docs: Open) -> None:
    class Closed:
        async def check(
            self, live: CollectionRuntime, staged: CollectionRuntime, *, despite: str = ""
        ) -> None:
            assert (live.number, staged.number) == (1, 2)
            raise ConflictError("Recall fell.", code="gate_closed", hint="Look at the report.")

    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        gated = Generations(workspace._parts, workspace._ingestion, (Closed(),))
        with pytest.raises(ConflictError, match="Recall fell"):
            await last_run(gated.promote("docs"))
        assert await states(workspace) == {1: "live", 2: "staged"}


async def test_another_programs_alias_follows_the_live_generation(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        await stage(workspace)
        await promote(workspace)
        client = workspace._parts.store.client()  # type: ignore[attr-defined]
        live = client.describe_alias(alias_of("docs"))["collection_name"]
        assert live == index_name("docs", 2)
        client.drop_alias(alias_of("docs"))
    async with open_docs(embedding_model="large") as workspace:
        client = workspace._parts.store.client()  # type: ignore[attr-defined]
        assert client.describe_alias(alias_of("docs"))["collection_name"] == index_name("docs", 2)


async def test_questions_are_answered_through_all_of_it(open_docs: Open, docs: Path) -> None:
    for number in range(30):
        (docs / f"oil-{number}.txt").write_text(f"Pump {number} takes {number * 7} litres of oil.")
    async with open_docs(serving=True) as workspace:
        await ingest(workspace)
    async with open_docs(serving=True, embedding_model="large") as workspace:
        over = asyncio.Event()
        question = "How many days of paid leave do employees receive?"
        asked = 0

        async def keep_asking() -> None:
            nonlocal asked
            while not over.is_set():
                assert (await found(workspace, "code E-417"))[0] == "pumps.txt"
                events = [event async for event in workspace.answer("docs", question)]
                assert events[-1].answer.verdict is AnswerVerdict.GROUNDED  # type: ignore[union-attr]
                asked += 1

        async with asyncio.TaskGroup() as group:
            group.create_task(keep_asking())
            await stage(workspace)
            await promote(workspace)
            await last_run(workspace.rollback("docs"))
            over.set()
        assert asked > 2


KILLS = 25
STOPS = [pytest.param(at, marks=[] if at % 9 == 0 else pytest.mark.slow) for at in range(0, KILLS, 3)]


@pytest.mark.parametrize("at", STOPS)
async def test_a_build_that_is_stopped_anywhere_goes_on_and_nothing_is_lost_or_doubled(
    open_docs: Open, docs: Path, at: int, tmp_path: Path
) -> None:
    for number in range(8):
        (docs / f"oil-{number}.txt").write_text(f"Pump {number} takes {number * 7} litres of oil.")
    upload = tmp_path / "upload"
    upload.write_text(CANTEEN)
    async with open_docs(ingest={"batch_chunks": 2}) as workspace:
        await ingest(workspace)
        await workspace.upload("docs", "canteen.txt", upload, {})
        await workspace.services.stores.insert("docs", [GivenChunk("c1", FEES)])
        before = await texts(workspace, "pump oil canteen fee")
    async with open_docs(embedding_model="large", ingest={"batch_chunks": 2}) as workspace:
        events = 0
        async for _ in workspace.stage("docs"):
            events += 1
            if events > at:
                break
        assert await texts(workspace, "pump oil canteen fee") == before
    async with open_docs(embedding_model="large", ingest={"batch_chunks": 2}) as workspace:
        assert (await workspace.collection("docs")).dimension == 64
        assert await texts(workspace, "pump oil canteen fee") == before
        await stage(workspace)
        await promote(workspace)
        assert await texts(workspace, "pump oil canteen fee") == before
        status = await workspace.collection("docs")
        assert (status.dimension, len(await row_ids(workspace))) == (96, status.chunks)
        assert status.mended == ()


async def test_a_document_that_the_new_chunker_breaks_on_does_not_replace_anything(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        use_chunker(workspace._parts.runtime("docs"), _Broken())
        with pytest.raises(MunimentError) as caught:
            await last_run(workspace._generations.rebuild("docs"))
        assert caught.value.code == "internal_error"
        assert await states(workspace) == {1: "live", 2: "staged"}
        assert (await found(workspace, "code E-417"))[0] == "pumps.txt"


async def test_a_file_that_could_not_be_read_is_not_read_again(open_docs: Open, docs: Path) -> None:
    (docs / "broken.txt").write_bytes(b"\x00\xff broken")
    async with open_docs() as workspace:
        await ingest(workspace)
    async with open_docs(embedding_model="large") as workspace:
        sources = workspace._parts.runtime("docs").sources
        workspace._parts.runtime("docs").sources = [_NeverFetched(source) for source in sources]
        run = await stage(workspace)
        assert (run.done, run.failed) == (3, 1)
        await promote(workspace)
        [failed] = await workspace.documents("docs", state=DocumentState.FAILED)
        assert (failed.name, failed.error_code) == ("broken.txt", "unsupported_format")


async def _read(workspace: LocalWorkspace, file_id: str) -> None:
    for _ in range(6000):
        if (await workspace.services.attachments.get("docs", file_id)).state is StoreFileState.COMPLETED:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it was not read in a minute")


class _NeverFetched:
    """A source that lists, and fails the test when anything is fetched."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def list(self) -> AsyncIterator[object]:
        return self._inner.list()  # type: ignore[attr-defined]

    async def check(self) -> None:
        """Nothing to try."""

    async def aclose(self) -> None:
        await self._inner.aclose()  # type: ignore[attr-defined]

    async def fetch(self, file: object, target: Path) -> None:
        raise AssertionError(f"{file} was fetched")


class _Broken:
    """A chunker with a bug."""

    spec = "broken"

    def chunk(self, document: ParsedDocument) -> tuple[Chunk, ...]:
        raise ZeroDivisionError("bug")
