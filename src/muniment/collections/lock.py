"""One process at a time works on a data directory, since an embedded store belongs to one process."""

from pathlib import Path

from filelock import FileLock, Timeout

from muniment.errors import StorageError, UnavailableError


class DataLock:
    """An exclusive lock on a data directory; the system lets go of it when the process dies."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = FileLock(data_dir / "lock")

    def acquire(self) -> None:
        """Take the lock, making the directory when it is missing.

        Raises:
            UnavailableError: code ``data_in_use``, when another process holds it.
            StorageError: the directory cannot be made.
        """
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise UnavailableError(
                f"Another Muniment process works on {self._data_dir}.",
                code="data_in_use",
                hint="If it is a server, use its URL, or wait until the other command has ended.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The data directory {self._data_dir} cannot be used: {error.strerror}.",
                code="data_dir_unusable",
                hint="Set `data_dir` to a folder this user may write to.",
            ) from error

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release()
