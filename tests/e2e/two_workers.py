"""Two installations that share catalog, vector store, kept files and source, as two machines would."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from ingested_state import State, kept_in, read_state
from installation import DEADLINE_S, ENVIRONMENT, Installation, Outcome

LEASE_S = 2


@dataclass
class Shared:
    """What they share; ``folder`` is theirs, ``docs`` in it the source."""

    folder: Path
    catalog_uri: str
    milvus_uri: str
    file_store: dict[str, Any]
    source: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    def worker(self, name: str, **changes: Any) -> Installation:
        """One of the installations, with a data directory of its own."""
        made = Installation(self.folder / name)
        collection = {"sources": [self.source], "embedding_model": "small"}
        made.configure(
            collections={"docs": collection},
            catalog_uri=self.catalog_uri,
            vector_store={"provider": "milvus", "uri": self.milvus_uri},
            file_store=self.file_store,
            ingest={"batch_chunks": 3, "readers": 2, "lease_s": LEASE_S},
            **changes,
        )
        return made

    @contextmanager
    def running(self, worker: Installation, *when: str) -> Iterator[subprocess.Popen[str]]:
        """A run of the worker, killed at the stage, the nth time and the moment that are given, if any."""
        program = [sys.executable, str(Path(__file__).with_name("killed_process.py"))]
        process = subprocess.Popen(
            [*program, *(when or ("watch", "0", "-")), "apply"],
            cwd=worker.folder,
            env=ENVIRONMENT | self.environment | {"WATCHED": str(self.folder / "watched")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=DEADLINE_S)

    def apply(self) -> Outcome:
        """A run by a third, which nobody disturbs."""
        return self.worker("c").run("apply", environment=self.environment)

    def state(self, kept: list[str] | None = None) -> State:
        """What is in the shared places; ``kept`` when the files are not kept in a folder."""
        keys = kept if kept is not None else kept_in(self.folder / "files")
        return read_state(self.milvus_uri, self.catalog_uri, keys, self.folder / "nowhere")

    def times_done(self) -> Counter[str]:
        """How often each document was brought to its end, over all runs."""
        with psycopg.connect(self.catalog_uri) as connection:
            rows = connection.execute("SELECT uri FROM run_documents WHERE fate = 'done'").fetchall()
        return Counter(uri for (uri,) in rows)

    def overlaps(self, killed: int) -> list[str]:
        """Documents at which both worked at the same time.

        A killed process, by its id, never says that it has ended; its leases hold for a while after.
        """
        found = []
        at: dict[str, int] = {}
        for line in (self.folder / "watched").read_text().splitlines():
            _, process, what, uri = line.split(" ", 3)
            holder = at.get(uri)
            if what == "ends" and holder == int(process):
                del at[uri]
            elif what == "begins":
                if holder not in (None, int(process), killed):
                    found.append(line)
                at[uri] = int(process)
        return found
