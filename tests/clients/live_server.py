"""One process of ``muniment serve``, with what the clients' flows need around it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import language_model
import yaml
from environments import Client, python_of

FLOWS = Path(__file__).parent / "flows"
DECLARED, DECLARED_TEXT = "handbook", "Crane C-5 is inspected every 90 days."
READY_S, FLOW_S = 120, 300


@dataclass(frozen=True)
class Server:
    """A live server, with what a flow must be told of it."""

    url: str

    def run(self, client: Client, script: str, *arguments: str, text: str = "") -> list[dict[str, object]]:
        """The lines of JSON that a script prints in the client's environment."""
        command = [python_of(client), str(FLOWS / f"{script}.py"), self.url, *arguments]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=FLOW_S, check=False
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert lines, f"{script} printed nothing:\n{done.stderr[-3000:]}"
        return lines


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server with the packaged model, an embedded store and a language model, until the block ends."""
    (folder / "docs").mkdir()
    (folder / "docs" / "crane.md").write_text(f"# Crane\n\n{DECLARED_TEXT}\n")
    with language_model.serving() as model_url:
        generator = {"provider": "openai", "base_url": model_url, "model": language_model.MODEL}
        settings = {
            "data_dir": "data",
            "collections": {DECLARED: {"sources": "docs"}},
            "generators": {language_model.MODEL: generator},
            "default_generator": language_model.MODEL,
            "server": {"port": 0},
        }
        (folder / "muniment.yaml").write_text(yaml.safe_dump(settings))
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(
                [sys.executable, "-m", "muniment", "serve"], cwd=folder, stdout=log, stderr=log
            ) as process,
        ):
            try:
                yield Server(url_when_ready(process, folder))
            finally:
                process.terminate()
                process.wait(READY_S)


def url_when_ready(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    """The server's address, once it answers questions about the declared collection."""
    end = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < end:
        try:
            url = str(json.loads((folder / "data" / "server.json").read_text())["url"])
            search = {"query": "crane", "collection": DECLARED}
            if "C-5" in httpx.post(f"{url}/v1/search", json=search, trust_env=False, timeout=30).text:
                return url
        except (FileNotFoundError, httpx.HTTPError):
            pass
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())
