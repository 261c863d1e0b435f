"""What goes wrong around a running product is told in words, and mended where it can be."""

import json
import os
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from installation import DEADLINE_S, Installation, patience, write_texts

QUESTION = "How many litres of oil does pump 3 take?"
TEXTS = [f"# Pump {number}\n\nPump {number} takes {number * 7} litres of oil." for number in range(6)]
ANSWER = "Pump 3 takes 21 litres of oil."

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    write_texts(made.docs, TEXTS)
    return made


@pytest.fixture
def ingested(installation: Installation) -> Installation:
    assert installation.run("ingest").code == 0
    return installation


def asked(installation: Installation) -> str:
    return str(installation.run("ask", QUESTION, "--json").json()["text"])


def collection_of(installation: Installation) -> dict[str, Any]:
    [collection] = installation.status()["collections"]
    return dict(collection)


def damage(folder: Path) -> None:
    """Overwrite every file in the folder with garbage of its length."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\x7fgarbage" * (path.stat().st_size // 8 + 1))


# -- the store


def test_a_store_removed_between_two_commands_comes_back(ingested: Installation) -> None:
    before = ingested.chunks()
    shutil.rmtree(ingested.store)
    assert ANSWER in asked(ingested)
    assert ingested.chunks() == before
    [mended] = collection_of(ingested)["mended"]
    assert "missing" in mended["found"]


def test_a_store_removed_under_a_running_server_comes_back(ingested: Installation) -> None:
    before = ingested.chunks()
    with ingested.serving() as client, patience() as wait:
        wait(lambda: client.get("/v1/ready").status_code == 200)
        shutil.rmtree(ingested.store)
        answer = client.post("/v1/answers", json={"collection": "docs", "question": QUESTION})
        if answer.status_code != 200:
            assert answer.json()["error"]["hint"]
        wait(lambda: client.get("/v1/collections/docs").json()["mended"] != [])
        wait(lambda: client.get("/v1/ready").status_code == 200)
        answer = client.post("/v1/answers", json={"collection": "docs", "question": QUESTION})
        assert ANSWER in answer.json()["text"]
    assert ingested.chunks() == before
    assert "Traceback" not in ingested.log


def test_a_damaged_store_is_told_and_can_be_moved_away(ingested: Installation) -> None:
    before = ingested.chunks()
    damage(ingested.store)
    refused = ingested.run("ask", QUESTION)
    if refused.code != 0:
        assert refused.told("store_damaged"), refused.err
        ingested.store.rename(ingested.folder / "moved")
    assert ANSWER in asked(ingested)
    assert ingested.chunks() == before


# -- the catalog


def test_a_catalog_that_another_program_locks_is_waited_for(ingested: Installation) -> None:
    (ingested.docs / "new.txt").write_text("The canteen opens at noon.")
    with closing(sqlite3.connect(ingested.data / "catalog.db", check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(1.5, other.rollback)
        release.start()
        run = ingested.run("ingest", "--json")
        release.join()
    assert (run.code, run.json()["runs"][0]["done"]) == (0, 1)


def test_a_damaged_catalog_is_told_and_can_be_moved_away(ingested: Installation) -> None:
    before = ingested.chunks()
    for path in ingested.data.glob("catalog.db*"):
        path.write_bytes(b"garbage " * 2048)
    for command in (("ask", QUESTION), ("ingest",), ("status",)):
        assert ingested.run(*command).told("catalog_damaged")
    for path in ingested.data.glob("catalog.db*"):
        path.unlink()
    assert ingested.run("ingest").code == 0
    assert ANSWER in asked(ingested)
    assert ingested.chunks() == before


# -- the server


def test_a_killed_server_blocks_neither_the_next_nor_a_command(ingested: Installation) -> None:
    with ingested.serving():
        record = json.loads((ingested.data / "server.json").read_text())
        os.kill(record["pid"], signal.SIGKILL)
    assert json.loads((ingested.data / "server.json").read_text()) == record
    assert ANSWER in asked(ingested)
    with ingested.serving() as client:
        assert client.get("/v1/health").json()["instance"] != record["instance"]


# -- sources


def test_a_file_that_cannot_be_read_fails_alone(installation: Installation) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (installation.docs / "002.txt").chmod(0)
    run = installation.run("ingest", "--json")
    assert (run.code, run.json()["runs"][0]["done"]) == (3, len(TEXTS) - 1)
    [problem] = installation.status()["problems"]
    assert (problem["error_code"], problem["name"]) == ("source_file_unreadable", "002.txt")


def test_a_source_folder_that_vanishes_is_told_and_takes_nothing_with_it(ingested: Installation) -> None:
    ingested.docs.rename(ingested.folder / "elsewhere")
    run = ingested.run("ingest")
    assert run.code == 1
    assert run.told("source_unavailable")
    assert "source_unavailable" in ingested.run("status").out
    assert ANSWER in asked(ingested)
    (ingested.folder / "elsewhere").rename(ingested.docs)
    assert ingested.run("ingest", "--json").json()["runs"][0]["unchanged"] == len(TEXTS)


# -- the language model


@pytest.fixture
def unreachable(ingested: Installation) -> Installation:
    """Answers are to be written by a model that nobody serves."""
    model = {"provider": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "granite", "retries": 0}
    ingested.configure(generators={"llm": model}, default_generator="llm")
    return ingested


def test_an_unreachable_model_is_told(unreachable: Installation) -> None:
    told = unreachable.run("ask", QUESTION)
    assert told.code == 1
    assert told.told("generator_unavailable")
    with unreachable.serving() as client:
        answer = client.post("/v1/answers", json={"collection": "docs", "question": QUESTION})
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert (error["code"], bool(error["hint"])) == ("generator_unavailable", True)
        ready = client.get("/v1/ready")
        assert ready.status_code == 503
        [check] = [check for check in ready.json()["checks"] if not check["ok"]]
        assert check["name"] == "generator llm"
        assert client.post("/v1/search", json={"collection": "docs", "query": QUESTION}).status_code == 200


def test_with_a_fallback_to_quoting_an_unreachable_model_is_no_hindrance(unreachable: Installation) -> None:
    model = unreachable.settings["generators"]["llm"] | {"fallback": "extractive"}
    unreachable.configure(generators={"llm": model})
    assert ANSWER in asked(unreachable)


NONSENSE = [
    b"",
    b"\x00\xff\xfe garbage",
    b"data: {not json\n\n",
    b'data: {"choices": "none"}\n\ndata: [DONE]\n\n',
    b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
    b"data: [7]\n\n",
    b"<html>Welcome to the router</html>",
]
"""What a model may answer; with nothing it hangs."""


class _Broken(BaseHTTPRequestHandler):
    """Accepts every question; then says nothing, or nonsense."""

    nonsense = b""
    released = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if not self.nonsense:
            self.released.wait(DEADLINE_S)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(self.nonsense)

    def log_message(self, format: str, *arguments: object) -> None:
        """Be quiet."""


@pytest.fixture
def broken_url() -> Iterator[str]:
    """The base URL of a model that hangs or talks nonsense."""
    _Broken.released.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Broken) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        _Broken.released.set()
        server.shutdown()
        thread.join()


def test_a_model_that_hangs_or_talks_nonsense_is_told(ingested: Installation, broken_url: str) -> None:
    model = {"provider": "openai", "base_url": broken_url, "model": "granite"}
    model |= {"first_token_timeout_s": 1, "retries": 0}
    safe = model | {"fallback": "extractive"}
    ingested.configure(generators={"llm": model, "safe": safe}, default_generator="llm")
    with ingested.serving() as client:
        for nonsense in NONSENSE:
            _Broken.nonsense = nonsense
            question = {"collection": "docs", "question": QUESTION}
            told = client.post("/v1/answers", json=question)
            code, status = ("generator_unavailable", 503) if nonsense else ("generator_timeout", 504)
            assert (told.status_code, told.json().get("error", {}).get("code")) == (status, code), nonsense
            assert told.json()["error"]["hint"]
            answer = client.post("/v1/answers", json=question | {"generator": "safe"})
            assert ANSWER in answer.json()["text"], nonsense
    assert "Traceback" not in ingested.log
