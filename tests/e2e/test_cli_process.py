"""The program as people run it: real processes, a real server, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import warm_process

# Several processes one after the other, on a machine that may be busy.
pytestmark = pytest.mark.timeout(300)

SETTINGS = """\
data_dir: data
collections: {docs: {sources: docs, embedding_model: small}}
parser: {provider: fake}
embedding_models: {small: {provider: fake, dimension: 64}}
server: {port: 0}
"""
LEAVE = "Employees receive 28 days of paid leave a year."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "muniment.yaml").write_text(SETTINGS)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.txt").write_text(LEAVE)
    return tmp_path


def muniment(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "muniment", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=250, check=False)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that is ready, and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "muniment", "serve"], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process, _url_when_ready(process, folder / "data" / "server.json")
    finally:
        process.kill()
        process.communicate()


def _url_when_ready(process: subprocess.Popen[str], record: Path) -> str:
    while process.poll() is None:
        try:
            url = json.loads(record.read_text())["url"]
            if httpx.get(f"{url}/v1/ready", trust_env=False, timeout=60).status_code == 200:
                return str(url)
        except (FileNotFoundError, httpx.HTTPError):
            pass
        time.sleep(0.05)
    raise AssertionError(process.communicate())


def test_without_a_server_a_command_does_the_work_itself(folder: Path) -> None:
    ingested = muniment(folder, "ingest", "--json")
    assert (ingested.returncode, ingested.stderr) == (0, "")
    assert json.loads(ingested.stdout)["runs"][0]["done"] == 1
    answered = muniment(folder, "ask", "How many days of paid leave do employees receive?", "--json")
    assert LEAVE in json.loads(answered.stdout)["text"]


def test_with_a_server_the_same_command_works_through_it(folder: Path) -> None:
    with serving(folder) as (_, url):
        report = json.loads(warm_process.muniment(folder, "status", "--json").stdout)
        assert report["server"] == url
        ingested = warm_process.muniment(folder, "ingest")
        assert ingested.returncode == 0
        assert "1 unchanged" in ingested.stdout or "1 ingested" in ingested.stdout
        assert LEAVE in muniment(folder, "ask", "How many days of paid leave?").stdout
        second = warm_process.muniment(folder, "serve")
        assert (second.returncode, "server_running" in second.stderr) == (1, True)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_in_order(folder: Path, stop: signal.Signals) -> None:
    with serving(folder) as (process, _):
        process.send_signal(stop)
        assert process.wait(120) == 0
    assert not (folder / "data" / "server.json").exists()


def test_after_a_killed_server_commands_work_by_themselves(folder: Path) -> None:
    with serving(folder) as (process, _):
        os.kill(process.pid, signal.SIGKILL)
        process.wait(120)
    assert (folder / "data" / "server.json").exists()
    report = json.loads(warm_process.muniment(folder, "status", "--json").stdout)
    assert report["server"] is None
    assert report["collections"][0]["name"] == "docs"


def test_a_closed_pipe_ends_the_command_quietly(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "muniment", "config", "show"]
    done = subprocess.run(
        command, cwd=folder, stdout=write, stderr=subprocess.PIPE, text=True, timeout=250, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, muniment.cli.main\n"
        "heavy = {'numpy', 'pydantic', 'fastapi', 'httpx', 'uvicorn', 'pymilvus', 'docling', 'PIL'}\n"
        "sys.stdout.write(' '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=250, check=True
    )
    assert done.stdout == ""
