"""Real servers for tests: PostgreSQL and Milvus, started on this machine and stopped again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from milvus_servers import LiteServer, free_port

POSTGRES = [Path(shutil.which("initdb") or "/nowhere").parent, *Path("/usr/lib/postgresql").glob("*/bin")]


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """An empty PostgreSQL server; its SQLAlchemy URI."""
    programs = next((place for place in POSTGRES if (place / "initdb").exists()), None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed here")
    data = folder / "pg"
    data.mkdir(mode=0o700)
    as_user: list[str] = []
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        shutil.chown(data, "postgres")
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
        as_user = ["runuser", "-u", "postgres", "--"]
    subprocess.run(
        [*as_user, programs / "initdb", "-D", data / "d", "-A", "trust", "-U", "muniment"],
        check=True,
        capture_output=True,
    )
    port = free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data} -c fsync=off"
    control = [*as_user, programs / "pg_ctl", "-D", data / "d"]
    subprocess.run(
        [*control, "-o", options, "-l", data / "log", "-w", "start"], check=True, capture_output=True
    )
    try:
        yield f"postgresql://muniment@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True)


@contextmanager
def milvus(folder: Path) -> Iterator[str]:
    """An empty Milvus server; its URI."""
    server = LiteServer(folder / "milvus")
    try:
        server.start()
        yield server.uri
    finally:
        server.kill()
