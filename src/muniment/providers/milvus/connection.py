"""Opens Milvus and turns its failures into ours."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from muniment.errors import MunimentError, StorageError, UnavailableError
from muniment.providers.milvus.features import OLDEST, ServerFeatures
from muniment.providers.milvus.options import MilvusOptions
from muniment.providers.milvus.without_pandas import keep_from_arrow, without_pandas

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_import_lock = threading.Lock()


RECONNECTING = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 1_000,
    "grpc.max_reconnect_backoff_ms": 1_000,
}
"""A server that was restarted is found within a second: gRPC would wait up to two minutes."""

WITHOUT_PINGS = {"grpc.keepalive_time_ms": 2**31 - 1, "grpc.keepalive_permit_without_calls": 0}
"""For the embedded database, whose server is in this process and cannot be away without it.

pymilvus pings every ten seconds; that server takes one in five minutes, and ends the connection of a client
that sends more with ``too_many_pings``. A server of its own allows them.
"""

AT_IMPORT = {"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""What FAISS and Arrow must find in the environment when they are loaded: each reads it only then.

With more OpenMP threads a search of FAISS costs up to ten times as much. Arrow's own allocator keeps
what reading a database took for a moment (70 MB at 10,000 chunks).
"""


def import_pymilvus() -> type["MilvusClient"]:
    """Import pymilvus, FAISS and Arrow under ``AT_IMPORT``, which nothing else gets to see."""
    with _import_lock:
        before = {name: os.environ.get(name) for name in AT_IMPORT}
        os.environ.update({name: os.environ.get(name, value) for name, value in AT_IMPORT.items()})
        try:
            import faiss  # noqa: F401
            import pyarrow

            pyarrow.default_memory_pool()
            keep_from_arrow()
            with without_pandas():
                from pymilvus import MilvusClient as Client
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
    # Both log whole tracebacks of what is raised to the caller anyway.
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client_type: type[MilvusClient] = Client
    return client_type


def connect_server(options: MilvusOptions) -> tuple["MilvusClient", ServerFeatures]:
    """A client of the server at ``options.uri``, and what that server can do.

    Raises:
        UnavailableError: code ``store_unavailable``, or ``store_too_old`` for a server without upsert.
    """
    client_type = import_pymilvus()
    with failures(f"Milvus at {options.uri}"):
        client = client_type(
            uri=options.uri,
            token=options.token(),
            timeout=options.connect_timeout_s,
            grpc_options=RECONNECTING,
        )
        features = ServerFeatures.of(str(client.get_server_version(timeout=options.connect_timeout_s)))
    if features.too_old:
        client.close()
        raise UnavailableError(
            f"Milvus at {options.uri} is version {features.version}; {'.'.join(map(str, OLDEST))} or newer "
            "is needed.",
            code="store_too_old",
            hint="Upgrade the server, or leave out `uri` to use the embedded database.",
        )
    return client, features


def connect_embedded(path: Path, options: MilvusOptions) -> "MilvusClient":
    """A client of the embedded database at ``path``, made when it is not there.

    Raises:
        UnavailableError: code ``store_locked``, when another process has it open.
        StorageError: code ``store_damaged`` or ``store_failed``.
    """
    client_type = import_pymilvus()
    from pymilvus.client.cache import GlobalCache
    from pymilvus.exceptions import MilvusException

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # It remembers schemas by port, and the port may have been that of a database now closed.
        GlobalCache.schema.clear()
        return client_type(uri=str(path), timeout=options.connect_timeout_s, grpc_options=WITHOUT_PINGS)
    except (MilvusException, OSError) as error:
        raise _why_not_opened(path, error) from error


def release_embedded(path: Path) -> None:
    """Write out and close the embedded database, and free its lock."""
    from milvus_lite import server_manager_instance

    server_manager_instance.release_server(str(path))


def release_memory() -> None:
    """Give back to the system what loading a collection no longer needs."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()


def _why_not_opened(path: Path, error: Exception) -> MunimentError:
    """pymilvus says only that opening failed: open it once more, without pymilvus, to learn why."""
    from milvus_lite import DataDirLockedError, MilvusLite

    try:
        MilvusLite(str(path)).close()
    except DataDirLockedError:
        return locked(path)
    except NotADirectoryError as reason:
        return damaged(f"The database {path}", str(reason))
    except FileExistsError as reason:
        return damaged(f"The database {path}", str(reason))
    except OSError as reason:
        return StorageError(
            f"The database {path} cannot be opened: {reason}.",
            code="store_failed",
            hint="Check free space, owner and permissions of the folder.",
        )
    except Exception as reason:
        # Whatever a damaged file makes the engine raise: the caller needs one error for it.
        return damaged(f"The database {path}", str(reason))
    return damaged(f"The database {path}", str(error))


def locked(path: Path) -> UnavailableError:
    """The error for a database that another process has open."""
    return UnavailableError(
        f"The database {path} is open in another process; only one may have it.",
        code="store_locked",
        hint="Is the server running? Send the request to its URL, or stop it first.",
    )


def damaged(what: Path | str, reason: str) -> StorageError:
    """The error for a database whose files cannot be read."""
    return StorageError(
        f"{what} is damaged: {reason}",
        code="store_damaged",
        hint="Move the database's folder away and start again: collections are then ingested anew.",
    )


class NotLoadedError(UnavailableError):
    """The server holds the collection, but has not loaded it for searching."""


@contextmanager
def failures(what: str, *, opening: bool = False) -> Iterator[None]:
    """Raise what pymilvus raises inside the block as an error of ours.

    When ``opening`` an embedded database, what is not otherwise explained means damaged files.
    """
    from grpc import RpcError
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except (MilvusException, RpcError, ConnectionError) as error:
        raise _translated(what, error, opening) from error


def _translated(what: str, error: Exception, opening: bool) -> MunimentError:
    from pymilvus.exceptions import MilvusUnavailableException

    text = str(error)
    # Without the names and brackets that pymilvus puts around it.
    said = str(getattr(error, "message", "") or error).rstrip(". ")
    if _mentions(
        text, "DEADLINE_EXCEEDED", "UNAVAILABLE", "Fail connecting", "failed to connect", "timeout"
    ) or (isinstance(error, MilvusUnavailableException | ConnectionError)):
        return UnavailableError(
            f"{what} does not answer: {said}.",
            code="store_unavailable",
            hint="Start the Milvus server, or mend vector_store.uri.",
        )
    if _mentions(text, "call load()", "not loaded", "not been loaded"):
        return NotLoadedError(
            f"{what} is not loaded: {said}.",
            code="store_unavailable",
            hint="Milvus was restarted, or released it. Ask again in a moment.",
        )
    if _mentions(text, "No space left", "Disk quota"):
        return StorageError(f"{what}: the disk is full.", code="disk_full", hint="Free some space.")
    if _mentions(
        text, "collection not found", "CollectionNotExists", "can't find collection", "does not exist"
    ):
        return StorageError(
            f"{what} is gone.",
            code="index_gone",
            hint="It was removed behind our back and is made again from what is kept. Ask again in a moment.",
        )
    if opening:
        return damaged(what, text)
    return StorageError(f"{what} failed: {said}.", code="store_failed", hint="See the log of Milvus.")


def _mentions(text: str, *parts: str) -> bool:
    return any(part.lower() in text.lower() for part in parts)
