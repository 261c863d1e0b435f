"""Kills real ingestions over a changing folder, and compares what they leave with a clean ingestion."""

import random
import signal
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from changing_files import ChangingFiles
from ingested_state import State, kept_in, read_state
from installation import DEADLINE_S, ENVIRONMENT, Installation
from killed_process import MOMENTS, STAGES

import warm_process

ANY = "any"
"""Not at a step but after some time, wherever the process is then: while it starts or ends, too."""

REACHED_AT_MOST = {"plan": 1, "forget": 3, "clean": 6, "embed": 12, "write": 12}
"""How often a run over a few changes comes to a stage, about; eight times to the others."""

SMALL_BATCHES = {"batch_chunks": 3, "readers": 2}


@dataclass
class Counts:
    """What happened; ``lost`` and ``doubled`` are rows, documents and kept files."""

    kills: Counter[str] = field(default_factory=Counter)
    not_reached: int = 0
    checks: int = 0
    rows_compared: int = 0
    documents_compared: int = 0
    kept_compared: int = 0
    lost: int = 0
    doubled: int = 0
    left: int = 0
    traceback: int = 0
    details: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or left behind."""
        return not (self.lost or self.doubled or self.left or self.traceback)

    def to_dict(self) -> dict[str, object]:
        """For a results file."""
        return {**asdict(self), "kills": dict(sorted(self.kills.items()))}


class KilledRuns:
    """Ingestions of one folder by processes that do not live to their end."""

    def __init__(self, folder: Path, seed: int, documents: int = 25) -> None:
        self.counts = Counts()
        self.dice = random.Random(seed)
        self.installation = Installation(folder)
        self.installation.configure(ingest=SMALL_BATCHES)
        self.files = ChangingFiles(self.installation.docs, self.dice, documents)

    def kill(self, stage: str) -> None:
        """Edit, mostly, and kill a run at this stage; another try follows when it was through before."""
        for earlier in range(4):
            if earlier or self.dice.random() < 0.8:
                self.files.edit()
            if self._killed(stage, earlier):
                self.counts.kills[stage] += 1
                return
            self.counts.not_reached += 1

    def check(self) -> None:
        """Let one run come to its end, and compare."""
        counts = self.counts
        run = self.installation.run("ingest")
        assert run.code in (0, 3), run.err
        counts.traceback += "Traceback" in run.err
        clean, state = self._clean(), self._state(self.installation)
        found = state.differences(clean)
        counts.checks += 1
        counts.rows_compared += clean.rows.total()
        counts.documents_compared += clean.documents.total()
        counts.kept_compared += clean.kept.total()
        counts.lost += len(found["lost"])
        counts.doubled += len(found["doubled"])
        counts.left += len(state.left)
        told = [f"{how} {what}"[:300] for how in found for what in found[how]]
        counts.details += [f"after {counts.kills.total()} kills: {one}" for one in (*told, *state.left)][:20]
        again = self.installation.run("plan")
        if again.code != 0:
            counts.left += 1
            counts.details.append(f"a second run would do something: {again.out}")

    def _killed(self, stage: str, earlier: int) -> bool:
        command = self.dice.choice(["ingest", "apply"])
        if stage == ANY:
            return self._killed_in_time(command)
        nth = self.dice.randint(1, max(1, REACHED_AT_MOST.get(stage, 8) >> earlier))
        process = warm_process.run(
            [stage, str(nth), self.dice.choice(MOMENTS), command],
            self.installation.folder,
            ENVIRONMENT,
            DEADLINE_S,
            program="killed_process",
        )
        self.counts.traceback += "Traceback" in process.stderr
        assert process.returncode in (-signal.SIGKILL, 0, 3), process.stderr
        return process.returncode == -signal.SIGKILL

    def _killed_in_time(self, command: str) -> bool:
        with self.installation.started(command) as process:
            deadline = time.monotonic() + self.dice.uniform(0.2, 4)
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            process.kill()
            return process.wait() == -signal.SIGKILL

    def _clean(self) -> State:
        """An ingestion into an empty data directory that nobody disturbs."""
        clean = Installation(self.installation.folder / f"clean-{self.counts.checks}")
        sources = str(self.installation.docs)
        clean.configure(collections={"docs": {"sources": sources, "embedding_model": "small"}})
        assert clean.run("ingest").code in (0, 3)
        return self._state(clean)

    def _state(self, installation: Installation) -> State:
        data = installation.data
        uri = f"sqlite:///{data / 'catalog.db'}"
        return read_state(str(installation.store), uri, kept_in(data / "files"), data / "scratch")


def stages_in_turn(kills: int) -> list[str]:
    """So many stages, each as often as any other, and moments between."""
    stages = [*STAGES, ANY]
    return [stages[number % len(stages)] for number in range(kills)]
