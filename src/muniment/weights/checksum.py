"""SHA-256 of files, remembered by size and time of change so that a start reads nothing twice."""

import hashlib
import json
import os
from pathlib import Path

_BLOCK = 1 << 20
CACHE_NAME = "checksums.json"


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex, read in blocks of one MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class ChecksumCache:
    """Remembers checksums in ``<data_dir>/models/checksums.json``.

    The file is a shortcut only: when it is damaged or cannot be written, hashes are computed again.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "models" / CACHE_NAME
        self._known = self._read()

    def sha256(self, path: Path) -> str:
        """The file's SHA-256, from memory when size and time of change are as they were."""
        stat = path.stat()
        key = str(path.resolve())
        state = f"{stat.st_size}:{stat.st_mtime_ns}"
        known = self._known.get(key, "")
        if known.startswith(state + ":"):
            return known.rpartition(":")[2]
        digest = sha256_of(path)
        self._known[key] = f"{state}:{digest}"
        self._write()
        return digest

    def _read(self) -> dict[str, str]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in known.items()} if isinstance(known, dict) else {}

    def _write(self) -> None:
        scratch = self._path.with_name(f"{CACHE_NAME}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            scratch.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
            scratch.replace(self._path)
        except OSError:
            scratch.unlink(missing_ok=True)
