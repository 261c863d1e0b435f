"""More objects than one page of a bucket's listing holds, edited between runs: as after a clean ingestion."""

import asyncio
import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from changing_files import ChangingFiles
from ingested_state import State, kept_in, read_state
from workspaces import ingest

from muniment.build import open_workspace
from muniment.providers.s3.connection import Bucket
from muniment.registry import provider_names
from muniment.settings import Settings
from muniment.types import Run, RunState

OBJECTS = 1500
ROUNDS = 2
EDITS = 12
"""Times that some files are changed in a round; each changes about ten."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif("s3" not in provider_names("sources"), reason="s3 has no entry point here yet"),
]


def settings_for(bucket: Bucket, data: Path) -> Settings:
    options = bucket.options
    source = {"provider": "s3", "bucket": options.bucket, "endpoint": options.endpoint, "prefix": "docs/"}
    return Settings.model_validate(
        {
            "data_dir": str(data),
            "collections": {"docs": {"sources": [source], "embedding_model": "small"}},
            "parser": {"provider": "fake"},
            "embedding_models": {"small": {"provider": "fake", "dimension": 32}},
            "default_embedding_model": "small",
            "ingest": {"readers": 8},
        }
    )


async def ingested(bucket: Bucket, data: Path) -> Run:
    workspace = await open_workspace(settings_for(bucket, data), serving=False)
    try:
        return await ingest(workspace)
    finally:
        await workspace.aclose()


def state(data: Path) -> State:
    catalog, kept = f"sqlite:///{data / 'catalog.db'}", kept_in(data / "files")
    return read_state(str(data / "milvus.db"), catalog, kept, data / "scratch")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


async def mirror(bucket: Bucket, before: Mapping[str, bytes], now: Mapping[str, bytes]) -> None:
    """Make the bucket hold what the folder does, as somebody would who edits it there."""
    at_once = asyncio.Semaphore(16)

    async def follow(name: str) -> None:
        async with at_once:
            if name in now:
                await bucket.put(f"docs/{name}", now[name])
            else:
                await bucket.delete(f"docs/{name}")

    changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    await asyncio.gather(*map(follow, sorted(changed)))


async def test_a_large_bucket_is_followed_through_edits_renames_and_deletions(
    bucket: Bucket, tmp_path: Path
) -> None:
    seed = time.time_ns()
    files = ChangingFiles(tmp_path / "docs", random.Random(seed), OBJECTS)
    held = contents(files.folder)
    await mirror(bucket, {}, held)
    first = await ingested(bucket, tmp_path / "data")
    assert (first.state, first.done, first.failed) == (RunState.DONE, OBJECTS, 0)
    for _ in range(ROUNDS):
        for _ in range(EDITS):
            files.edit()
        before, held = held, contents(files.folder)
        await mirror(bucket, before, held)
        run = await ingested(bucket, tmp_path / "data")
        assert run.state is RunState.DONE
        assert run.unchanged > OBJECTS // 2, "what did not change must not be read again"
    again = await ingested(bucket, tmp_path / "data")
    assert (again.done, again.removed, again.unchanged) == (0, 0, len(held))
    await ingested(bucket, tmp_path / "clean")
    found, clean = state(tmp_path / "data"), state(tmp_path / "clean")
    assert found.documents.total() == len(held) > 1000
    assert (found.differences(clean), found.left) == ({"lost": [], "doubled": []}, ()), f"seed {seed}"
