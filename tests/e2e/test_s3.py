"""A bucket behind a collection, and another behind its kept files: nothing lost, nothing doubled."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner
from workspaces import TEXTS, found, ingest, row_ids

from muniment.build import open_kept_files, open_workspace
from muniment.cli.main import app
from muniment.collections.local import LocalWorkspace
from muniment.errors import UnavailableError
from muniment.ingest.garbage import collect_garbage
from muniment.providers.s3.connection import Bucket
from muniment.registry import provider_names
from muniment.settings import Settings
from muniment.types import RunState
from s3_servers import SECRET_KEY, bad_line

pytestmark = pytest.mark.skipif(
    "s3" not in provider_names("sources"), reason="the installed package has no entry point for s3 yet"
)


def settings_for(bucket: Bucket, folder: Path, endpoint: str | None = None) -> Settings:
    place = {
        "provider": "s3",
        "bucket": bucket.options.bucket,
        "endpoint": endpoint or bucket.options.endpoint,
    }
    return Settings.model_validate(
        {
            "data_dir": str(folder / "data"),
            "collections": {
                "docs": {"sources": [{**place, "prefix": "docs/", "retries": 1}], "embedding_model": "small"}
            },
            "parser": {"provider": "fake"},
            "file_store": {**place, "prefix": "kept", "endpoint": bucket.options.endpoint},
            "embedding_models": {"small": {"provider": "fake", "dimension": 64}},
            "default_embedding_model": "small",
            "reconcile": {"ingest_on_start": False},
        }
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[LocalWorkspace]:
    workspace = await open_workspace(settings, serving=False)
    try:
        yield workspace
    finally:
        await workspace.aclose()


@pytest.fixture
async def filled(bucket: Bucket) -> Bucket:
    for name, text in TEXTS.items():
        await bucket.put(f"docs/{name}", text.encode())
    return bucket


async def keys(bucket: Bucket, prefix: str) -> list[str]:
    return [found.key async for found in bucket.objects(prefix)]


async def test_edits_and_deletions_in_a_bucket_are_followed(filled: Bucket, tmp_path: Path) -> None:
    async with opened(settings_for(filled, tmp_path)) as workspace:
        assert (await ingest(workspace)).done == 3
        assert (await found(workspace, "what does code E-417 mean"))[0] == "pumps.txt"
        rows = await row_ids(workspace)
        again = await ingest(workspace)
        assert (again.done, again.unchanged, again.removed) == (0, 3, 0)
        await filled.put("docs/leave.txt", b"Employees receive 30 days of paid leave.")
        await filled.delete("docs/travel.txt")
        changed = await ingest(workspace)
        assert (changed.done, changed.unchanged, changed.removed) == (1, 1, 1)
        assert len(await row_ids(workspace)) == len(rows) - 1
        assert not (tmp_path / "data" / "files").exists()


async def test_a_prefix_that_lists_nothing_removes_nothing(filled: Bucket, tmp_path: Path) -> None:
    settings = settings_for(filled, tmp_path)
    async with opened(settings) as workspace:
        assert (await ingest(workspace)).done == len(TEXTS)
    declared = settings.model_dump(mode="json")
    declared["collections"]["docs"]["sources"][0]["prefix"] = "dcos/"
    async with opened(Settings.model_validate(declared)) as workspace:
        plan = await workspace.plan("docs")
        assert (plan.kinds, plan.held_back) == ((), len(TEXTS))
        run = await ingest(workspace)
        assert (run.removed, run.unchanged, run.error_code) == (0, len(TEXTS), "source_empty")
    for key in await keys(filled, "docs/"):
        await filled.delete(key)
    async with opened(settings) as workspace:
        assert (await ingest(workspace)).error_code == "source_empty"
        assert len(await workspace.documents("docs")) == len(TEXTS)
        assert (await ingest(workspace, allow_empty=True)).removed == len(TEXTS)
        assert await workspace.documents("docs") == ()


async def test_what_goes_wrong_removes_nothing_and_is_made_good(filled: Bucket, tmp_path: Path) -> None:
    async with (
        bad_line(str(filled.options.endpoint)) as line,
        opened(settings_for(filled, tmp_path, line.address)) as workspace,
    ):
        await ingest(workspace)
        rows = await row_ids(workspace)
        line.busy = -1
        failed = await ingest(workspace)
        assert (failed.state, failed.error_code) == (RunState.FAILED, "s3_unavailable")
        assert await row_ids(workspace) == rows
        line.busy = 0
        assert (await ingest(workspace)).unchanged == 3


async def test_garbage_in_a_bucket_goes_and_what_is_referred_to_stays(filled: Bucket, tmp_path: Path) -> None:
    settings = settings_for(filled, tmp_path)
    async with opened(settings) as workspace:
        await ingest(workspace)
    kept = await keys(filled, "kept/")
    assert len(kept) == 9
    for garbage in ("raw/ab/" + "ab" * 32, "parsed/ab/" + "ab" * 32 + "-" + "0" * 12 + ".text.z"):
        await filled.put(f"kept/{garbage}", b"x")
    async with open_kept_files(settings) as (store, catalog):
        assert (await collect_garbage(store, catalog)).removed == 0
        # All are older than this, so that only references protect them.
        found = await collect_garbage(store, catalog, grace_s=-3600)
    assert (found.removed, found.referenced) == (2, 9)
    assert await keys(filled, "kept/") == kept
    assert len(await keys(filled, "docs/")) == 3


async def test_a_wrong_key_is_told_before_anything_starts(
    filled: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "muniment.yaml"
    file.write_text(settings_for(filled, tmp_path).model_dump_json())
    checked = await check(file)
    assert not [warning for warning in checked if "sources" in warning]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY + "x")
    (warning,) = [warning for warning in await check(file) if "sources" in warning]
    assert warning.startswith("collections.docs.sources.0: ")
    assert "secret key" in warning and "AWS_SECRET_ACCESS_KEY" in warning
    assert SECRET_KEY not in warning


async def check(file: Path) -> list[str]:
    arguments = ["config", "check", "--json", "--config", str(file)]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert result.exit_code == 0, result.output
    warnings: list[str] = json.loads(result.stdout)["warnings"]
    return warnings


async def test_a_file_store_that_refuses_stops_the_run(
    filled: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(filled, tmp_path)
    async with open_kept_files(settings) as (store, _):
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY + "x")
        with pytest.raises(UnavailableError) as caught:
            await store.put("raw/a", b"x")
        assert caught.value.code == "s3_secret_key_wrong"
