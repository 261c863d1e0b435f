"""Work divided among machines that share catalog, stores and nothing on a disk."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from workspaces import row_ids

from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.errors import NotFoundError
from muniment.ingest import shared_plan
from muniment.settings import Settings
from muniment.types import GenerationState, Run, RunEvent, RunProgress, RunState, Shard

Machine = Callable[..., AbstractAsyncContextManager[LocalWorkspace]]
SHARDS = [Shard(number, 3) for number in range(3)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Opens a workspace with a data directory of its own; one at a time: catalog and store are files."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(20):
        (docs / f"{number}.txt").write_text(f"Machine M-{number} is checked every {number + 2} weeks.")

    @asynccontextmanager
    async def opened(name: str, model: str = "small") -> AsyncIterator[LocalWorkspace]:
        settings = {
            "data_dir": str(tmp_path / name),
            "collections": {"docs": {"sources": str(docs), "embedding_model": model}},
            "catalog_uri": f"sqlite:///{tmp_path / 'catalog.db'}",
            "file_store": {"provider": "folder", "path": str(tmp_path / "files")},
            "vector_store": {"provider": "milvus", "uri": str(tmp_path / "milvus.db")},
            "parser": {"provider": "fake"},
            "embedding_models": {
                "small": {"provider": "fake", "dimension": 64},
                "large": {"provider": "fake", "dimension": 96},
            },
            "default_embedding_model": "small",
        }
        workspace = await open_workspace(Settings.model_validate(settings), serving=False)
        try:
            yield workspace
        finally:
            await workspace.aclose()

    return opened


async def ended(events: AsyncIterator[RunEvent]) -> Run:
    last = [event async for event in events][-1]
    assert isinstance(last, RunProgress)
    return last.run


async def test_a_shared_plan_is_carried_out_elsewhere_in_shards(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_plan, "CHANGES_IN_PIECE", 7)
    async with machine("planner") as workspace:
        alone = await workspace.plan("docs")
        shared = await workspace.plan("docs", share=True)
        assert shared.id == alone.id
        planned = await workspace.plan_changes(shared.id)
        kept = [file.key async for file in workspace._parts.kept.store.list("plans/")]
        assert len(kept) == 4
    done = 0
    for shard in SHARDS:
        async with machine(f"worker-{shard.number}") as workspace:
            assert await workspace.plan_changes(shared.id) == planned
            parts = await workspace.plan_shards(shared.id, 3)
            run = await ended(workspace.apply("docs", trigger="test", plan=shared.id, shard=shard))
            assert (run.state, run.done) == (RunState.DONE, parts[shard.number].documents)
            done += run.done
    assert done == 20
    async with machine("checker") as workspace:
        assert (await workspace.verify("docs")).ok
        assert (await workspace.plan("docs")).empty


async def test_a_plan_that_is_not_shared_is_not_known_elsewhere(machine: Machine) -> None:
    async with machine("planner") as workspace:
        plan = await workspace.plan("docs")
    async with machine("worker") as workspace:
        for unknown in (plan.id, "plan_../../catalog", "plan_", "other"):
            with pytest.raises(NotFoundError) as error:
                await workspace.plan_changes(unknown)
            assert error.value.code == "unknown_plan"


async def test_a_generation_is_built_in_shards_by_several(machine: Machine) -> None:
    async with machine("first") as workspace:
        await ended(workspace.ingest("docs", trigger="test"))
    for count, shard in enumerate(SHARDS, 1):
        async with machine(f"worker-{shard.number}", "large") as workspace:
            run = await ended(workspace.stage("docs", shard=shard))
            assert (run.state, run.shard) == (RunState.DONE, str(shard))
            live, staged = await workspace.generations("docs")
            assert (live.documents, staged.number, staged.state) == (20, 2, GenerationState.STAGED)
            assert (staged.documents == 20) == (count == len(SHARDS))
    async with machine("promoter", "large") as workspace:
        assert (await workspace.verify("docs", staged=True)).ok
        await ended(workspace.promote("docs"))
        status = await workspace.collection("docs")
        assert (status.generation, status.dimension, status.wanted) == (2, 96, ())
        assert len(await row_ids(workspace)) == 20
        assert (await workspace.verify("docs")).ok


async def test_a_part_that_is_missing_is_built_when_it_is_promoted(machine: Machine) -> None:
    async with machine("first") as workspace:
        await ended(workspace.ingest("docs", trigger="test"))
    async with machine("second", "large") as workspace:
        await ended(workspace.stage("docs", shard=SHARDS[1]))
        await ended(workspace.promote("docs"))
        assert len(await row_ids(workspace)) == 20
