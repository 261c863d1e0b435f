"""A compiled pipeline, run by Kubeflow's own local runner, with the program ``muniment`` on the path."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from environments import Client, python_of

SOURCE = Path(__file__).parents[2] / "src"
KFP = Client("kfp", "2.17.0", (3, 11), built=("kfp-server-api",))

_RUNNER = """
import sys
from kfp import components, local
local.init(runner=local.SubprocessRunner(use_venv=False), raise_on_error=True, pipeline_root=sys.argv[2])
components.load_component_from_file(sys.argv[1])()
"""

_PROGRAM = """#!{python}
# The program, as a pod has it: with a folder of its own. It notes how it was called; and the first time
# that it is called for the victim, it is killed when the first document is in.
import json, os, signal, subprocess, sys, tempfile
from pathlib import Path
arguments, killed = sys.argv[1:], Path({folder!r}, "killed")
with open(Path({folder!r}, "calls"), "a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
victim = os.environ.get("VICTIM") in arguments and not killed.exists()
with tempfile.TemporaryDirectory() as data:
    environment = os.environ | {{"MUNIMENT_DATA_DIR": data, "PYTHONPATH": {source!r}}}
    command = [{python!r}, "-m", "muniment", *arguments]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        sys.stderr.write(line)
        if victim and line.startswith("done "):
            killed.touch()
            process.send_signal(signal.SIGKILL)
    ended = process.wait()
sys.exit(ended if ended >= 0 else 128 - ended)
"""


@dataclass
class KfpPipeline:
    """One collection's pipeline.

    Attributes:
        folder: where everything about it lies.
        environment: what the pods get from Secrets.
    """

    folder: Path
    settings: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.python = python_of(KFP)
        self.folder.mkdir(exist_ok=True)
        program = self.folder / "muniment"
        program.write_text(
            _PROGRAM.format(python=sys.executable, folder=str(self.folder), source=str(SOURCE))
        )
        program.chmod(0o755)

    def compile(self, *options: str) -> Path:
        """The pipeline's file, compiled where Kubeflow's SDK is."""
        file = self.folder / "pipeline.yaml"
        command = [self.python, "-m", "muniment", "pipeline", "compile", "docs", "--output", str(file)]
        command += ["--config-file", str(self.settings), *options]
        self._done(command, PYTHONPATH=str(SOURCE))
        return file

    def run(self, file: Path, **more: str) -> str:
        """Run it to its end; its log."""
        path = os.pathsep.join([str(self.folder), str(Path(self.python).parent), os.environ["PATH"]])
        command = [self.python, "-c", _RUNNER, str(file), str(self.folder / "root")]
        return self._done(command, PATH=path, **self.environment, **more)

    def call(self, *arguments: str) -> str:
        """What the program says on stdout, called as a pod calls it."""
        command = [str(self.folder / "muniment"), *arguments]
        environment = os.environ | self.environment | {"MUNIMENT_CONFIG": str(self.settings)}
        return subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout

    @property
    def calls(self) -> list[list[str]]:
        """How the program was called, in order."""
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def forget_calls(self) -> None:
        (self.folder / "calls").unlink(missing_ok=True)

    def _done(self, command: list[str], **more: str) -> str:
        done = subprocess.run(
            command, env=os.environ | more, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert done.returncode == 0, done.stdout[-8000:]
        return done.stdout
