"""Whatever happens to files and runs: afterwards everything is as a clean ingestion makes it."""

import asyncio
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ingest_world import Files, World
from numpy.typing import NDArray

from muniment.errors import UnavailableError
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.types import RunState, Shard

NAMES = ["a.txt", "b.txt", "sub/a.txt", "z/é.txt", "a.csv", "b.md", "sub/c.md", "d"]
CONTENTS = [
    b"Pumps need oil.",
    b"Pump,Oil\nE-417,7 litres\n\n# Notes, short\n\nNone.",
    b"# Leave\n\nEmployees have 28 days.\n\n# Travel\n\n" + b"Trains are preferred to flights. " * 30,
    b"# Leave\n\nEmployees have 30 days.\n\n" + b"Unused days expire in March of the next year. " * 20,
    b"# Rules\n\n" + b"\n\n".join(b"Rule %d says that nothing is lost." % n for n in range(12)),
]
UNREADABLE = [b"   ", b"\0\1\2"]

edits = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
        # A name that was read before keeps what it said then, when it cannot be read any more.
        st.tuples(st.just("write"), st.just("unreadable.txt"), st.sampled_from(UNREADABLE)),
        st.tuples(st.just("remove"), st.sampled_from([*NAMES, "unreadable.txt"]), st.just(b"")),
        st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("copy"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    ),
    max_size=6,
)
SLOW_DISK = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)


def change(files: Files, edit: tuple[str, str, object]) -> None:
    what, name, other = edit
    if what == "write":
        assert isinstance(other, bytes)
        files.write(name, other)
    elif what == "remove":
        files.remove(name)
    elif what == "copy":
        files.copy(name, str(other))
    else:
        files.rename(name, str(other))


async def check(world: World) -> None:
    """Compare with an ingestion from nothing."""
    clean = World(world.folder.with_name("clean"), world.files)
    run = await clean.apply()
    assert run.state is RunState.DONE
    assert await world.rows() == await clean.rows()
    assert world.documents() == clean.documents()
    assert set(world.names) == set(clean.names)
    assert world.kept_raw() == clean.kept_raw() == world.contents_to_keep()
    assert world.kept_parsed() == clean.kept_parsed()
    assert list(world.catalog.doubts.all("docs", 1)) == []
    clean.close()


@SLOW_DISK
@given(rounds=st.lists(edits, min_size=1, max_size=4))
async def test_every_run_ends_as_a_clean_ingestion(rounds: list[list[tuple[str, str, object]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder, "world"))
        for round in rounds:
            for edit in round:
                change(world.files, edit)
            assert (await world.apply()).state is RunState.DONE
            await check(world)
            plan, _ = await world.plan()
            assert plan.empty
        world.close()


class FailingEmbedder(FakeEmbedder):
    """Stops answering after so many batches."""

    def __init__(self, batches: int) -> None:
        super().__init__("fake", FakeEmbedderOptions(dimension=8))
        self.left = batches

    async def embed_texts(self, texts: list[str], *, urgent: bool = False) -> NDArray[np.float32]:  # type: ignore[override]
        self.left -= 1
        if self.left < 0:
            raise UnavailableError("The model stopped.", hint="Start it.")
        return await super().embed_texts(texts, urgent=urgent)


@SLOW_DISK
@given(rounds=st.lists(st.tuples(edits, st.integers(0, 60), st.integers(0, 4)), min_size=1, max_size=4))
async def test_runs_cut_off_anywhere_lose_and_double_nothing(
    rounds: list[tuple[list[tuple[str, str, object]], int, int]],
) -> None:
    """Each run is cancelled after some steps of the event loop, or its model breaks; the last ends well."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder, "world"))
        for round, steps, batches in rounds:
            for edit in round:
                change(world.files, edit)
            run = asyncio.create_task(world.apply(embedder=FailingEmbedder(batches)))
            for _ in range(steps):
                if run.done():
                    break
                await asyncio.sleep(0.0005)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
        assert (await world.apply()).state is RunState.DONE
        await check(world)
        world.close()


@SLOW_DISK
@given(rounds=st.lists(edits, min_size=1, max_size=3), shards=st.integers(1, 4))
async def test_workers_at_once_do_everything_once(
    rounds: list[list[tuple[str, str, object]]], shards: int
) -> None:
    """Two workers go over everything, others over a shard each, all at the same time on one catalog."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder, "world"))
        for round in rounds:
            for edit in round:
                change(world.files, edit)
            parts = [Shard(number, shards) for number in range(shards)]
            runs = await asyncio.gather(world.apply(), world.apply(), *(world.apply(part) for part in parts))
            assert [run.state for run in runs] == [RunState.DONE] * len(runs)
            await check(world)
        world.close()
