"""Real hostile files end in a document or in an error that says what to do; no crash, no hang."""

import asyncio
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from installation import Installation
from network_watch import reached, watched_environment
from odd_names import NAMES, write_links, write_odd_names
from reaching_files import SECRET, listener, write_reaching_files

from muniment.errors import MunimentError
from muniment.providers.docling import DoclingOptions, DoclingParser
from muniment.providers.docling.worker_process import resident_bytes
from muniment.testing.parser import check_parsed

BESIDE = Path(__file__).parents[2].resolve().parent / "shared" / "data"
DATA = Path(os.environ.get("MUNIMENT_REFERENCE_DATA", BESIDE))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("data_set", ["hostile_files", "pdf_malformed"])
async def test_every_hostile_file_fails_alone_or_is_read(data_set):
    folder = DATA / data_set / "dev"
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}")
    parser = DoclingParser(DoclingOptions(timeout_s=60, memory_mb=1500))
    files = sorted(path for path in folder.rglob("*") if path.is_file())

    async def outcome(path: Path) -> str:
        try:
            parsed = await parser.parse(path, path.name, "0" * 64)
        except MunimentError as error:
            assert error.hint, path.name
            assert str(path) not in error.message, path.name
            return error.code
        check_parsed(parsed.document)
        assert "root:x:0" not in parsed.document.text, path.name
        return "read"

    try:
        outcomes = await asyncio.gather(*(outcome(path) for path in files))
    finally:
        await parser.aclose()
    assert "read" in outcomes
    assert not {"parse_timeout", "parser_failed"} & set(outcomes)


DATA_SETS = ("hostile_files", "pdf_malformed", "docling_formats")
MOST_BYTES = 2048 * 1024 * 1024
"""What a parser process may hold; it is looked at twenty times a second, and may be above for a moment."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_of_them_in_one_collection_end_done_skipped_or_failed_with_a_hint(tmp_path: Path) -> None:
    sources = [str(DATA / data_set) for data_set in DATA_SETS]
    if not all(Path(source).is_dir() for source in sources):
        pytest.skip(f"no reference data at {DATA}")
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    installation = Installation(tmp_path)
    write_odd_names(installation.docs)
    write_links(installation.docs, secret)
    collection = {"sources": [*sources, str(installation.docs)], "embedding_model": "small"}
    installation.configure(collections={"docs": collection}, parser={"provider": "docling"})
    watched = watched_environment(tmp_path)
    before = {source: everything_in(Path(source)) for source in [*sources, str(installation.docs)]}
    with listener() as (url, asked):
        write_reaching_files(installation.docs, url, secret)
        before[str(installation.docs)] = everything_in(installation.docs)
        with installation.started("ingest", environment=watched) as process:
            most = watch_memory(process, 1700)
        assert process.returncode == 3, installation.log[-2000:]
        assert asked == []
    report = installation.status()
    assert "Traceback" not in installation.log
    assert all(problem["hint"] and problem["error_code"] for problem in report["problems"])
    codes = {problem["error_code"] for problem in report["problems"]}
    assert not {"parse_timeout", "parser_failed", "parser_crashed", "internal_error"} & codes
    # Within limits, out of reach, and gone when it is over.
    assert most < 2 * MOST_BYTES
    assert reached(tmp_path) == []
    assert everything_in(installation.data / "scratch") == set()
    assert not running_below(tmp_path)
    left = {"data", "docs", "home", "log", "muniment.yaml", "secret.txt", "watch"}
    assert {path.name for path in tmp_path.iterdir()} == left
    assert everything_in(tmp_path / "home") == set()
    assert {source: everything_in(Path(source)) for source in before} == before
    texts = [text for _, text in installation.chunks()]
    assert not any(SECRET in text or "root:x:0" in text for text in texts)
    # Every one of them has its end, and what has an end is left alone.
    run = installation.run("apply", "--json").json()["runs"][0]
    assert (run["unchanged"], run["done"], run["failed"]) == (run["total"], 0, 0)
    first = installation.run("runs", "--json").json()["runs"][-1]
    assert first["done"] + first["skipped"] + first["failed"] == run["total"] == counted_in(sources) + ODD


ODD = len(NAMES) + 1 + 8
"""Documents with odd names, and those that reach out."""


def counted_in(sources: list[str]) -> int:
    """Files that are not hidden."""
    paths = (path for source in sources for path in Path(source).rglob("*") if path.is_file())
    return sum(1 for path in paths if not path.name.startswith((".", "~$")))


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def watch_memory(process: "subprocess.Popen[bytes]", seconds: float) -> int:
    """Wait for the end; the most that one process below it held, in bytes."""
    most = 0
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        assert time.monotonic() < deadline
        most = max([most, *(resident_bytes(one) for one in below(process.pid))])
        time.sleep(0.2)
    return most


def below(pid: int) -> list[int]:
    """Processes that the process has started, on Linux."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    tasks = children.parent.parent.glob("*/children") if children.exists() else []
    found: list[int] = []
    for task in tasks:
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def running_below(folder: Path) -> list[str]:
    """Parser processes that know the folder from their environment, on Linux."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if b"docling.worker" in command and bytes(folder) in (process / "environ").read_bytes():
                found.append(command.decode(errors="replace"))
    return found
