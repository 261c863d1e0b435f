"""How commands find the server that works on the same data: a small file in the data directory."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "server.json"
HEALTH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """A server that listens. ``instance`` tells it from another at the same address."""

    url: str
    pid: int
    instance: str


def write_record(data_dir: Path, record: ServerRecord) -> None:
    """Say that the server listens; readers see all of it or nothing."""
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = data_dir / f"{FILE_NAME}.{record.pid}"
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(data_dir / FILE_NAME)


def read_record(data_dir: Path) -> ServerRecord | None:
    """What the file says; None when there is none or it is damaged."""
    try:
        values = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        return ServerRecord(str(values["url"]), int(values["pid"]), str(values["instance"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_record(data_dir: Path, instance: str) -> None:
    """Take back what ``instance`` said, and only that."""
    record = read_record(data_dir)
    if record is not None and record.instance == instance:
        (data_dir / FILE_NAME).unlink(missing_ok=True)


async def live_server(data_dir: Path) -> ServerRecord | None:
    """The server that works on ``data_dir`` now; a file left by one that died counts as none."""
    record = read_record(data_dir)
    if record is None or not _alive(record.pid):
        return None
    # Takes long to import, and most commands find no server.
    import httpx

    try:
        async with httpx.AsyncClient(timeout=HEALTH_SECONDS, trust_env=False) as client:
            health = (await client.get(f"{record.url}/v1/health")).json()
    except (httpx.HTTPError, ValueError):
        return None
    is_same = isinstance(health, dict) and health.get("instance") == record.instance
    return record if is_same else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
