"""A full disk ends a run with a code of its own; nothing stored is lost, and the next run goes on."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installation import ENVIRONMENT, Installation, write_texts

SCRIPT = """
set -e
mount -t tmpfs -o size=100k tmpfs data
for size in {sizes}; do
    mount -o remount,size=$size data
    code=0; {muniment} ingest --json > ingest.out 2> ingest.err || code=$?
    searchable=$({muniment} documents docs --json 2>> ingest.err | grep -c '"state": "done"' || true)
    echo "$size $code $searchable"
    cat ingest.err >> errors; cat ingest.out >> runs
done
cp -r data kept
"""
"""Several commands in one mount namespace: a file system of its own for ``data``, which grows."""


def _can_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    made.data.mkdir()
    if not _can_mount(made.data):
        pytest.skip("this machine lets nobody mount a file system of their own")
    texts = [
        "\n\n".join(
            f"# Part {part} of {number}\n\nPump {number} takes {part} litres of oil. "
            + " ".join(str(hash_) for hash_ in range(part * 1000, part * 1000 + 300))
            for part in range(30)
        )
        for number in range(12)
    ]
    write_texts(made.docs, texts)
    return made


def grow(installation: Installation, *sizes: str) -> list[tuple[int, int]]:
    """Ingest on file systems of these sizes, one after the other: exit codes and documents done."""
    script = SCRIPT.format(sizes=" ".join(sizes), muniment=f"{sys.executable} -m muniment")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=installation.folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(int(code), int(count)) for _, code, count in map(str.split, done.stdout.splitlines())]


def check(installation: Installation, outcomes: list[tuple[int, int]]) -> None:
    """Runs failed with ``disk_full`` until there was space, then no more; documents only became more."""
    full = [outcome for outcome in outcomes if outcome[0]]
    ended = outcomes[len(full) :]
    told = (installation.folder / "errors").read_text() + (installation.folder / "runs").read_text()
    assert outcomes[: len(full)] == full and all(code == 1 for code, _ in full), told
    assert full and ended and all(outcome == (0, 12) for outcome in ended), told
    counts = [count for _, count in outcomes if count]
    assert counts == sorted(counts)
    assert "Traceback" not in told
    assert told.count("disk_full") >= len(full), told
    written = dict(chunks := kept_chunks(installation))
    assert len(written) == len(chunks)
    installation.configure(data_dir="clean")
    assert installation.run("ingest").code == 0
    installation.store.parent.rename(installation.folder / "grown")
    (installation.folder / "clean").rename(installation.data)
    assert installation.chunks() == chunks


def kept_chunks(installation: Installation) -> list[tuple[int, str]]:
    shutil.rmtree(installation.data)
    (installation.folder / "kept").rename(installation.data)
    return installation.chunks()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_on_a_full_disk_is_taken_up_when_there_is_space(installation: Installation) -> None:
    check(installation, grow(installation, "600k", "3m", "100m"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_wherever_the_disk_fills_up_nothing_is_lost(installation: Installation) -> None:
    sizes = [f"{size}k" for size in (200, 300, 400, 500, 600, 700, 850, 1000, 1200, 1500, 2000)]
    check(installation, grow(installation, *sizes, "100m"))


def test_a_full_catalog_is_told_and_what_it_held_stays(tmp_path: Path) -> None:
    from sqlalchemy import event

    from muniment.catalog import Catalog
    from muniment.errors import StorageError
    from muniment.types import Mending

    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    catalog.save_mending(Mending("2026-01-01T00:00:00.000Z", "docs", "first", ""))
    # The limit is SQLite's own stand-in for a full disk.
    limit = lambda connection, _: connection.execute("PRAGMA max_page_count=20")  # noqa: E731
    event.listen(catalog.database._engine, "connect", limit)
    catalog.database._engine.dispose()  # so that the next connection has the limit
    with pytest.raises(StorageError) as caught:
        catalog.save_mending(Mending("2026-01-02T00:00:00.000Z", "docs", "x" * 200_000, ""))
    assert caught.value.code == "disk_full"
    assert [mending.found for mending in catalog.mendings("docs")] == ["first"]
    event.remove(catalog.database._engine, "connect", limit)
    catalog.database._engine.dispose()
    catalog.save_mending(Mending("2026-01-02T00:00:00.000Z", "docs", "second", ""))
    assert [mending.found for mending in catalog.mendings("docs")] == ["second", "first"]
    catalog.close()
