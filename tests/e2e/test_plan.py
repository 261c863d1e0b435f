"""What is planned is done, that and nothing else; every document's fate can be looked up."""

import os
from pathlib import Path

import pytest
from workspaces import TEXTS, Open, ingest

from muniment.collections.local import LocalWorkspace
from muniment.errors import MunimentError
from muniment.ingest.plan_text import change_json, plan_json
from muniment.types import ChangeKind, Fate, Run, RunProgress, RunState, Shard


async def applied(
    workspace: LocalWorkspace, plan: str | Path | None = None, shard: Shard | None = None
) -> Run:
    events = [event async for event in workspace.apply("docs", trigger="test", plan=plan, shard=shard)]
    assert isinstance(events[-1], RunProgress)
    return events[-1].run


async def test_a_plan_names_every_change_and_its_reason(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        first = await workspace.plan("docs")
        assert [(planned.kind, planned.documents) for planned in first.kinds] == [(ChangeKind.ADD, 3)]
        assert first.estimate.chunks_written >= 3
        await ingest(workspace)
        assert (await workspace.plan("docs")).empty
        (docs / "leave.txt").write_text(TEXTS["leave.txt"] + " Ask early.")
        (docs / "travel.txt").rename(docs / "trips.txt")
        (docs / "pumps.txt").unlink()
        (docs / "new.txt").write_text("Something new.")
        plan = await workspace.plan("docs")
        assert plan.id == (await workspace.plan("docs")).id != first.id
        found = {change.name: change for change in await workspace.plan_changes(plan.id)}
        assert {name: change.kind for name, change in found.items()} == {
            "leave.txt": ChangeKind.UPDATE,
            "trips.txt": ChangeKind.MOVE,
            "pumps.txt": ChangeKind.REMOVE,
            "new.txt": ChangeKind.ADD,
        }
        assert found["trips.txt"].reason == "was travel.txt"
        assert "size changed" in found["leave.txt"].reason
        run = await applied(workspace, plan.id)
        assert (run.state, run.done, run.removed, run.work) == (RunState.DONE, 3, 1, 4)
        fates = {one.name: (one.kind, one.fate) for one in await workspace.run_documents(run.id)}
        assert fates["pumps.txt"] == (ChangeKind.REMOVE, Fate.REMOVED)
        assert fates["trips.txt"] == (ChangeKind.MOVE, Fate.DONE)
        assert [document.name for document in await workspace.documents("docs")] == [
            "leave.txt",
            "new.txt",
            "trips.txt",
        ]


async def test_a_plan_is_refused_when_the_world_has_changed(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        plan = await workspace.plan("docs")
        (docs / "new.txt").write_text("Something new.")
        run = await applied(workspace, plan.id)
        assert (run.state, run.error_code, run.done) == (RunState.FAILED, "plan_outdated", 0)
        assert "new.txt" in run.error
        assert await workspace.documents("docs") == ()
        (docs / "new.txt").unlink()
        assert (await applied(workspace, plan.id)).done == 3
        (docs / "leave.txt").unlink()
        assert (await applied(workspace, plan.id)).error_code == "plan_outdated"


async def test_a_plan_that_is_not_there_leaves_no_run(open_docs: Open, tmp_path: Path) -> None:
    async with open_docs() as workspace:
        (tmp_path / "notes.txt").write_text("Not a plan.")
        for given, code in (
            ("plan_0", "unknown_plan"),
            ("plan_" + "0" * 24, "unknown_plan"),
            (tmp_path / "nowhere.jsonl", "unknown_plan"),
            (tmp_path / "notes.txt", "invalid_plan"),
        ):
            with pytest.raises(MunimentError) as caught:
                await applied(workspace, given)
            assert caught.value.code == code
        assert await workspace.runs("docs") == ()


async def test_an_outdated_plan_says_what_is_different(open_docs: Open, docs: Path) -> None:
    async with open_docs() as workspace:
        plan = await workspace.plan("docs")
        old = docs / "leave.txt"
        told = {}
        for words, change in {
            "size": lambda: old.write_text(TEXTS["leave.txt"] + " More."),
            "again": lambda: (old.write_text(TEXTS["leave.txt"].upper()), os.utime(old, (1, 1))),
            "gone": old.unlink,
        }.items():
            change()
            told[words] = (await applied(workspace, plan.id)).error
        size = len(TEXTS["leave.txt"])
        assert (
            f"leave.txt was planned to add, but its size has changed from {size} to {size + 6} bytes"
            in (told["size"])
        )
        assert "leave.txt was planned to add, but it has been written again since" in told["again"]
        assert "leave.txt was planned to add, but no source lists it any more" in told["gone"]
        await ingest(workspace)
        travel = docs / "travel.txt"
        before = travel.stat().st_mtime_ns
        travel.write_text("Shorter.")
        updating = await workspace.plan("docs")
        travel.write_text(TEXTS["travel.txt"])
        os.utime(travel, ns=(before, before))
        back = (await applied(workspace, updating.id)).error
        assert "travel.txt was planned to update, but it is again as it was before" in back
        (docs / "pumps.txt").unlink()
        removing = await workspace.plan("docs")
        (docs / "pumps.txt").write_text(TEXTS["pumps.txt"])
        again = (await applied(workspace, removing.id)).error
        assert "pumps.txt was planned to remove, but a source lists it again" in again


async def test_shards_of_a_plan_file_do_together_what_it_says(
    open_docs: Open, docs: Path, tmp_path: Path
) -> None:
    for number in range(9):
        (docs / f"text-{number}.txt").write_text(f"Text number {number}.")
    async with open_docs() as workspace:
        plan = await workspace.plan("docs")
        changes = await workspace.plan_changes(plan.id)
        file = tmp_path / "plan.jsonl"
        lines = [plan_json(plan), *(change_json(change) for change in changes)]
        file.write_text("\n".join(lines) + "\n")
        parts = await workspace.plan_shards(plan.id, 3)
        assert sum(part.documents for part in parts) == plan.changes == 12
        runs = [await applied(workspace, file, part.shard) for part in parts]
        assert [run.done for run in runs] == [part.documents for part in parts]
        # A shard that is tried again finds its work done.
        again = await applied(workspace, file, parts[0].shard)
        assert (again.state, again.done, again.work) == (RunState.DONE, 0, 0)
        assert (await workspace.plan("docs")).empty
        file.write_text("\n".join(lines[:-1]) + "\n")
        assert (await applied(workspace, file)).error_code == "invalid_plan"


async def test_an_unknown_run_is_told(open_docs: Open) -> None:
    async with open_docs() as workspace:
        with pytest.raises(MunimentError) as caught:
            await workspace.run_documents("run_0")
        assert caught.value.code == "unknown_run"
