"""An installation of Muniment in a folder, run as people run it: real processes over real files."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

import warm_process

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MUNIMENT_")}
DEADLINE_S = 200


@dataclass
class Installation:
    """Settings, a folder ``docs`` of documents, and ``data``; parser and embedding model are fakes."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.docs.mkdir(parents=True, exist_ok=True)
        self.configure()

    @property
    def docs(self) -> Path:
        return self.folder / "docs"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def store(self) -> Path:
        return self.data / "milvus.db"

    def configure(self, **changes: Any) -> None:
        """Write the settings, changed at their top level."""
        self.settings |= changes
        usual = {
            "data_dir": "data",
            "collections": {"docs": {"sources": "docs", "embedding_model": "small"}},
            "parser": {"provider": "fake"},
            "embedding_models": {"small": {"provider": "fake", "dimension": 64}},
            "server": {"port": 0},
        }
        (self.folder / "muniment.yaml").write_text(yaml.safe_dump(usual | self.settings))

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "muniment", *arguments]

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> "Outcome":
        """Run a command to its end; from a process's very beginning when it has an environment of its own."""
        if environment is None:
            done = warm_process.run(arguments, self.folder, ENVIRONMENT, DEADLINE_S)
        else:
            done = subprocess.run(
                self.command(*arguments),
                cwd=self.folder,
                env=ENVIRONMENT | environment,
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def status(self) -> dict[str, Any]:
        """What ``muniment status --json`` says."""
        return self.run("status", "--json").json()

    @contextmanager
    def started(
        self, *arguments: str, environment: dict[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs meanwhile; its output goes to ``log``. Killed at the end if it lives."""
        with (
            (self.folder / "log").open("ab") as log,
            subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=ENVIRONMENT | (environment or {}),
                stdout=log,
                stderr=log,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def begun(self, *arguments: str) -> Iterator[Any]:
        """As ``started``, but past its imports: for what is to happen while it works."""
        log = self.folder / "log"
        with warm_process.started(arguments, self.folder, ENVIRONMENT, log, log) as process:
            yield process

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @contextmanager
    def serving(self) -> Iterator[httpx.Client]:
        """A client of a server that has opened its data."""
        with self.begun("serve") as process, httpx.Client(trust_env=False, timeout=120) as client:
            record = self.data / "server.json"
            with patience(lambda: process.poll() is None, lambda: self.log) as wait:
                wait(lambda: (value := _read(record)) is not None and value["pid"] == process.pid)
                client.base_url = json.loads(record.read_text())["url"]
                wait(lambda: client.get("/v1/collections").status_code == 200)
            yield client
            process.terminate()
            process.wait(DEADLINE_S)

    def documents_done(self) -> int:
        """How many documents the catalog has as done now; 0 while there is none."""
        try:
            with closing(sqlite3.connect(f"file:{self.data / 'catalog.db'}?mode=ro", uri=True)) as catalog:
                [[count]] = catalog.execute("SELECT count(*) FROM documents WHERE state = 'done'")
                return int(count)
        except sqlite3.Error:
            return 0

    def chunks(self, index: str | None = None) -> list[tuple[int, str]]:
        """Ids and texts of all rows in the store, or in one index or what an alias stands for, doubles
        too, read past everything of ours.
        """
        from milvus_lite import server_manager_instance
        from pymilvus import MilvusClient

        client = MilvusClient(str(self.store))
        rows = []
        for name in [index] if index else client.list_collections():
            client.load_collection(name)
            rows += client.query(name, filter="id >= 0", output_fields=["id", "text"], limit=16_000)
        client.close()
        server_manager_instance.release_server(str(self.store))
        return sorted((row["id"], row["text"]) for row in rows)


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Its output, which must be JSON."""
        assert self.out, self.err
        value: dict[str, Any] = json.loads(self.out)
        return value

    def told(self, code: str) -> bool:
        """Whether it told this error on stderr, with a hint and without a traceback."""
        return f"Code:  {code}" in self.err and "Hint:" in self.err and "Traceback" not in self.err


@contextmanager
def patience(alive: Any = lambda: True, explain: Any = lambda: "") -> Iterator[Any]:
    """Waits for conditions; fails when one does not come, or what should bring it has died."""
    deadline = time.monotonic() + DEADLINE_S

    def wait(condition: Any) -> None:
        while True:
            try:
                if condition():
                    return
            except httpx.HTTPError:
                pass
            assert alive(), explain()
            assert time.monotonic() < deadline, explain()
            time.sleep(0.01)

    yield wait


def write_texts(folder: Path, texts: Sequence[str]) -> None:
    """Number the texts as files."""
    for number, text in enumerate(texts):
        (folder / f"{number:03}.txt").write_text(text)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None
