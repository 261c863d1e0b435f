"""A process killed in the middle of an ingestion loses nothing and doubles nothing."""

import random
import time
from pathlib import Path

import pytest
from installation import Installation, patience, write_texts
from killing import ANY, KilledRuns, stages_in_turn

from muniment.collections.recipe import alias_of

DOCUMENTS = 40
TEXTS = [
    "\n\n".join(
        f"# Part {part} of {number}\n\nPump {number} takes {part * 7} litres of oil." for part in range(6)
    )
    for number in range(DOCUMENTS)
]
SMALL_BATCHES = {"batch_chunks": 3, "readers": 2}
"""So that the store is written to a hundred times in one run."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str]]:
    """What an ingestion that nobody disturbs writes, from a folder at another place."""
    installation = made(tmp_path_factory.mktemp("clean"))
    assert installation.run("ingest").code == 0
    chunks = installation.chunks()
    assert len(chunks) >= DOCUMENTS
    assert len(dict(chunks)) == len(chunks)
    return chunks


def made(folder: Path) -> Installation:
    installation = Installation(folder)
    installation.configure(ingest=SMALL_BATCHES)
    write_texts(installation.docs, TEXTS)
    return installation


def kill(installation: Installation, command: str, after: int, dice: random.Random) -> None:
    """Kill the command a moment after so many documents are done; a command that is through is left."""
    with (installation.begun if after else installation.started)(command) as process:
        if after == 0:
            time.sleep(dice.uniform(0, 2))
        else:
            with patience() as wait:
                wait(lambda: installation.documents_done() >= after or process.poll() is not None)
            time.sleep(dice.uniform(0, 0.03))
        process.kill()


def check(installation: Installation, clean: list[tuple[int, str]]) -> None:
    """Run once more, undisturbed, and compare."""
    finished = installation.run("ingest", "--json")
    assert (finished.code, finished.err) == (0, "")
    assert installation.chunks() == clean
    status = installation.status()
    [collection] = status["collections"]
    assert (collection["state"], collection["documents"], collection["failed"]) == ("ready", DOCUMENTS, 0)
    assert collection["mended"] == [], "rows of documents that the catalog called done were lost"
    assert status["readiness"]["ready"]
    assert "Traceback" not in installation.log


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", ["ingest", "serve"])
def test_runs_killed_at_random_moments_lose_and_double_nothing(
    command: str, tmp_path: Path, clean: list[tuple[int, str]]
) -> None:
    dice = random.Random(f"{command} {time.time_ns()}")
    installation = made(tmp_path)
    for after in [0, *sorted(dice.sample(range(1, DOCUMENTS - 4), 3))]:
        kill(installation, command, after, dice)
    check(installation, clean)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_generation_whose_building_is_killed_leaves_the_live_one_and_is_finished_later(
    tmp_path: Path, clean: list[tuple[int, str]]
) -> None:
    dice = random.Random(f"generations {time.time_ns()}")
    installation = made(tmp_path)
    assert installation.run("ingest").code == 0
    installation.configure(
        embedding_models={
            "small": {"provider": "fake", "dimension": 64},
            "large": {"provider": "fake", "dimension": 96},
        },
        collections={"docs": {"sources": "docs", "embedding_model": "large"}},
    )
    live = alias_of("docs")
    for after in [0, *sorted(dice.sample(range(1, DOCUMENTS - 4), 3))]:
        with installation.begun("ingest", "--rebuild") as process:
            with patience() as wait:
                wait(lambda done=after: installation.documents_done() >= DOCUMENTS + done)
            time.sleep(dice.uniform(0, 0.03))
            process.kill()
        assert installation.chunks(live) == clean
        [collection] = installation.status()["collections"]
        assert (collection["state"], collection["generation"], collection["dimension"]) == ("ready", 1, 64)
    assert installation.run("ingest", "--rebuild").code == 0
    assert installation.chunks(live) == clean
    [collection] = installation.status()["collections"]
    assert (collection["generation"], collection["dimension"], collection["mended"]) == (2, 96, [])
    generations = installation.run("generations", "--json").json()["generations"]
    assert [(one["number"], one["state"]) for one in generations] == [(1, "previous"), (2, "live")]
    assert installation.run("rollback").code == 0
    assert installation.chunks(live) == clean
    assert "Traceback" not in installation.log


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_folder_that_is_edited_between_kills_at_every_stage_ends_as_a_clean_ingestion(
    tmp_path: Path,
) -> None:
    runs = KilledRuns(tmp_path, time.time_ns())
    for stage in runs.dice.sample([stage for stage in stages_in_turn(11) if stage != ANY], 4):
        runs.kill(stage)
    runs.check()
    assert runs.counts.clean, runs.counts.details


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_of_fifty_five_kills_spread_over_all_stages_none_loses_or_doubles_anything(tmp_path: Path) -> None:
    runs = KilledRuns(tmp_path, time.time_ns())
    for number, stage in enumerate(stages_in_turn(55), 1):
        runs.kill(stage)
        if number % 5 == 0:
            runs.check()
            assert runs.counts.clean, runs.counts.details
    assert runs.counts.kills.total() >= 50


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(10))
def test_many_killed_runs_lose_and_double_nothing(
    seed: int, tmp_path: Path, clean: list[tuple[int, str]]
) -> None:
    dice = random.Random(seed)
    installation = made(tmp_path)
    for after in sorted(dice.sample(range(DOCUMENTS - 4), 5)):
        kill(installation, dice.choice(["ingest", "serve"]), after, dice)
    check(installation, clean)
