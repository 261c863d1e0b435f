"""The clients' releases, and a virtual environment for each, made once and kept."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements"
ENVIRONMENTS = Path(os.environ.get("TEST_CLIENTS_FOLDER", HERE.parent.parent / ".clients"))
NEWEST_PYTHON = (3, 13)


@dataclass(frozen=True)
class Client:
    """A client's release: its pinned requirements, the oldest Python that it runs on, and those of the
    requirements that come as source only."""

    package: str
    version: str
    python: tuple[int, int] = (3, 12)
    built: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.package}-{self.version}"

    @property
    def requirements(self) -> Path:
        return REQUIREMENTS / f"{self}.txt"

    @property
    def dialect(self) -> str:
        """Name of its flow."""
        if self.package == "llama-stack-client":
            return "llama_stack_0_2" if self.version.startswith("0.2.") else "llama_stack_0_3"
        return {"ogx-client": "ogx", "openai": "openai_sync"}[self.package]


CLIENTS = (
    Client("llama-stack-client", "0.2.12", (3, 11)),
    Client("llama-stack-client", "0.2.22"),
    Client("llama-stack-client", "0.3.5"),
    Client("llama-stack-client", "0.7.5"),
    Client("ogx-client", "1.5.0"),
    Client("openai", "3.54.0", (3, 11)),
)


@cache
def python_of(client: Client) -> str:
    """The Python of the client's environment, which is made at first; the test is skipped if it cannot be."""
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with FileLock(ENVIRONMENTS / f"{client}.lock"):
        return environment(client, ENVIRONMENTS / str(client))


def environment(client: Client, folder: Path) -> str:
    """The Python in ``folder``, which holds what is pinned."""
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = client.requirements.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    made_by = interpreter(client.python)
    if made_by is None:
        oldest = ".".join(map(str, client.python))
        pytest.skip(f"{client} needs Python {oldest} or newer, and none was found")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([made_by, "-m", "venv", folder], check=True, capture_output=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
    built = [f"--no-binary={package}" for package in client.built]
    done = subprocess.run(
        [*pip, "--no-deps", "--only-binary", ":all:", *built, "-r", client.requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"{client} could not be installed: {done.stderr.strip().splitlines()[-1:]}")
    stamp.write_text(wanted)
    return str(python)


@cache
def interpreter(oldest: tuple[int, int]) -> str | None:
    """A Python from ``oldest`` on with venv: this one, one on the path, or one of pyenv's."""
    versions = [f"3.{minor}" for minor in range(oldest[1], NEWEST_PYTHON[1] + 1)]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}") for version in versions]
    kept = [str(path) for v in versions for path in sorted(root.glob(f"versions/{v}.*/bin/python{v}"))]
    check = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] < {oldest})"
    for candidate in [sys.executable, *filter(None, found), *kept]:
        if subprocess.run([candidate, "-c", check], capture_output=True, check=False).returncode == 0:
            return candidate
    return None
