"""The store: connects, and opens, lists and drops collections."""

import asyncio
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from muniment.errors import ConflictError, UnavailableError, unknown_name
from muniment.protocols import AdoptedIndex, IndexSpec, ProviderContext, VectorIndex, VectorStore
from muniment.providers.milvus.adopted import AdoptedMilvusIndex, open_adopted
from muniment.providers.milvus.connection import (
    connect_embedded,
    connect_server,
    failures,
    locked,
    release_embedded,
    release_memory,
)
from muniment.providers.milvus.features import ServerFeatures
from muniment.providers.milvus.index import MilvusIndex
from muniment.providers.milvus.making import beside_others, create_collection
from muniment.providers.milvus.mirror import Mirror
from muniment.providers.milvus.options import MilvusOptions
from muniment.providers.milvus.resident import ResidentCopy
from muniment.providers.milvus.schema import (
    has_sentences,
    index_params,
    is_mirrored,
    mirrored_index_params,
)
from muniment.providers.milvus.unmade import UnmadeIndex

if TYPE_CHECKING:
    from pymilvus import MilvusClient

Result = TypeVar("Result")

THREADS = 8

NOT_TRIED_AGAIN_S = 2.0
"""Seconds after a connection failed in which the next ones fail at once: many may want the same server."""

logger = logging.getLogger(__name__)

_open_paths: set[Path] = set()


class MilvusStore:
    """Indexes as Milvus collections. Every call runs in a thread, since pymilvus blocks."""

    def __init__(self, options: MilvusOptions, data_dir: Path) -> None:
        self.options = options
        self._path = (data_dir / (options.uri or "milvus.db")).resolve() if options.embedded else None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="milvus")
        self._client: MilvusClient | None = None
        self._refusal: UnavailableError | None = None
        self._refused_at = 0.0
        self._features = ServerFeatures()
        self._lock = threading.RLock()
        self._indexes: dict[str, MilvusIndex] = {}
        self._adopted: dict[str, AdoptedMilvusIndex] = {}
        self._unmade: dict[str, UnmadeIndex] = {}

    @property
    def place(self) -> str:
        """Where the data is, for messages."""
        return str(self._path or self.options.uri)

    async def names(self) -> set[str]:
        """Names of the indexes that exist."""
        return await self.call(self._names)

    async def open(self, spec: IndexSpec) -> VectorIndex:
        """Open or make the index; see the protocol.

        Raises:
            ConflictError: code ``index_mismatch``, when it exists with another dimension, embedding
                model or chunker.
            UnavailableError: codes ``store_unavailable``, ``store_locked``, ``store_too_old``.
            StorageError: code ``store_damaged``.
        """
        return await self.call(self._open, spec)

    async def adopt(self, name: str, dimension: int) -> AdoptedIndex:
        """Open a collection that Llama Stack filled; see the protocol."""
        return await self.call(self._adopt, name, dimension)

    async def point(self, alias: str, name: str) -> None:
        """Make the alias stand for the index; see the protocol."""
        await self.call(self._point, alias, name)

    async def check(self) -> tuple[str, ...]:
        """Whether the server answers, and what it cannot do; see the protocol."""
        return self._without_sentences() if self.options.embedded else await self.call(self._check)

    async def drop(self, name: str) -> None:
        """Remove the index, if there."""
        await self.call(self._drop, name)

    async def aclose(self) -> None:
        """Write snapshots and close the database."""
        await self.call(self._close)
        self._threads.shutdown()

    async def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run a blocking function in one of the store's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    @property
    def escapes(self) -> bool:
        """Whether the Milvus it is connected to has ``ServerFeatures.escapes``."""
        return self._features.escapes

    @property
    def exists(self) -> bool:
        """Whether there is a database: an embedded one is made with the first rows."""
        return self._path is None or self._client is not None or self._path.exists()

    def client(self) -> "MilvusClient":
        """The connected client. A database whose folder was removed is made anew, empty."""
        with self._lock:
            if self._client is not None and self._path is not None and not (self._path / "LOCK").exists():
                removed = not self._path.exists()
                self._disconnect()
                if removed:
                    # Closing wrote out rows that were only in memory, into a folder without the others.
                    shutil.rmtree(self._path, ignore_errors=True)
            if self._client is None:
                self._client = self._connected()
            return self._client

    def _connected(self) -> "MilvusClient":
        """A new client; a server that did not answer a moment ago is not waited for again."""
        if self._refusal is not None and time.monotonic() - self._refused_at < NOT_TRIED_AGAIN_S:
            raise self._refusal
        try:
            client = self._connect()
        except UnavailableError as error:
            if self._path is None:
                self._refusal, self._refused_at = error, time.monotonic()
            raise
        self._refusal = None
        return client

    def _connect(self) -> "MilvusClient":
        if self._path is None:
            client, self._features = connect_server(self.options)
            for lacking in self._features.lacking(self.place):
                logger.warning("%s", lacking)
            return client
        if self._path in _open_paths:
            raise locked(self._path)
        client = connect_embedded(self._path, self.options)
        _open_paths.add(self._path)
        return client

    def _disconnect(self) -> None:
        for index in self._indexes.values():
            index.stop_saving()
        self._indexes.clear()
        self._adopted.clear()
        if self._client is not None:
            self._client.close()
            self._client = None
            if self._path is not None:
                release_embedded(self._path)
                _open_paths.discard(self._path)

    def _names(self) -> set[str]:
        with self._lock:
            return self._unmade.keys() | (self._made_names() if self.exists else set())

    def _made_names(self) -> set[str]:
        client = self.client()
        with failures(f"The database {self.place}", opening=self.options.embedded):
            return set(client.list_collections(timeout=self.options.timeout_s))

    def _open(self, spec: IndexSpec) -> VectorIndex:
        with self._lock:
            if not self.exists and spec.name not in self._unmade:
                self._unmade[spec.name] = UnmadeIndex(self, spec)
            unmade = self._unmade.get(spec.name)
            if unmade is None:
                return self.make(spec)
            _check(unmade.spec, spec)
            return unmade

    def make(self, spec: IndexSpec) -> MilvusIndex:
        """The index, made when it is not there, and so is the database; blocks. Errors as ``open``."""
        with self._lock:
            unmade = self._unmade.pop(spec.name, None)
            client = self.client()
            known = self._indexes.get(spec.name)
            if known is not None:
                _check(known.spec, spec)
                return known
            ready = partial(self._ready, client, spec)
            description = ready() if self.options.embedded else beside_others(ready)
            stamp = self._checked_stamp(description, spec)
            mirrored, sentences = is_mirrored(description), has_sentences(description)
            if mirrored:
                mirror = self._mirror(client, spec, sentences)
                index = MilvusIndex(self, spec, mirror=mirror, sentences=sentences)
            else:
                resident = self._resident(client, spec, stamp, sentences)
                index = MilvusIndex(self, spec, resident, sentences=sentences)
            release_memory()
            self._indexes[spec.name] = index
            for alias in unmade.aliases if unmade is not None else ():
                self._point(alias, spec.name)
            return index

    def _adopt(self, name: str, dimension: int) -> AdoptedMilvusIndex:
        with self._lock:
            client = self.client()
            known = self._adopted.get(name)
            if known is None or known.dimension != dimension or name not in self._made_names():
                known = open_adopted(self, client, name, dimension, self.place)
                self._adopted[name] = known
        known.refresh()
        return known

    def _ready(self, client: "MilvusClient", spec: IndexSpec) -> Mapping[str, Any]:
        """The description of the collection, which is made when it is not there, indexed and loaded."""
        options = self.options
        if spec.name not in self._made_names():
            mirrored = not options.embedded and (options.resident or not self._features.bm25)
            with failures(self._what(spec)):
                create_collection(client, spec, mirrored=mirrored, timeout_s=options.timeout_s)
        description = self._described(client, spec)
        self._checked_stamp(description, spec)
        with failures(self._what(spec), opening=options.embedded):
            if "vector" not in client.list_indexes(spec.name):
                # Not in create_collection, which waits half a second for each empty index.
                mirrored = is_mirrored(description)
                params = mirrored_index_params(client) if mirrored else index_params(client, options)
                client.create_index(spec.name, params, sync=False)
            client.load_collection(spec.name, timeout=options.timeout_s)
        return description

    def _described(self, client: "MilvusClient", spec: IndexSpec) -> Mapping[str, Any]:
        with failures(self._what(spec), opening=self.options.embedded):
            found: Mapping[str, Any] = client.describe_collection(spec.name, timeout=self.options.timeout_s)
            return found

    def _checked_stamp(self, description: Mapping[str, Any], spec: IndexSpec) -> str:
        try:
            kept = json.loads(description["properties"]["muniment"])
            found = IndexSpec(
                spec.name, kept["dimension"], kept["embedding_fingerprint"], kept["chunker_spec"]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConflictError(
                f"Collection {spec.name!r} in {self.place} was not made by Muniment.",
                code="index_mismatch",
                hint="Use another database, or remove that collection.",
            ) from error
        _check(found, spec)
        return str(kept["stamp"])

    def _resident(
        self, client: "MilvusClient", spec: IndexSpec, stamp: str, sentences: bool
    ) -> ResidentCopy | None:
        if not self.options.resident or self._path is None:
            return None
        folder = self._path.with_name(f"{self._path.name}.resident")
        with failures(self._what(spec), opening=True):
            return ResidentCopy.open(client, spec, folder / f"{spec.name}.npz", stamp, sentences=sentences)

    def _mirror(self, client: "MilvusClient", spec: IndexSpec, sentences: bool) -> Mirror:
        mirror = Mirror(spec, complete=self.options.resident, sentences=sentences)
        with failures(self._what(spec)):
            mirror.load(client)
        return mirror

    def _what(self, spec: IndexSpec) -> str:
        return f"Index {spec.name!r} in {self.place}"

    def _point(self, alias: str, name: str) -> None:
        with self._lock:
            if name in self._unmade:
                self._unmade[name].aliases.add(alias)
                return
            # The client comes first: it is what loads pymilvus, without pandas.
            known = self._names()
            if name not in known:
                raise unknown_name("index", name, sorted(known))
            client, timeout = self.client(), self.options.timeout_s
            from pymilvus.exceptions import MilvusException

            with failures(f"Index {name!r}"):
                if alias in client.list_aliases(name, timeout=timeout)["aliases"]:
                    return
                try:
                    client.alter_alias(name, alias, timeout=timeout)
                except MilvusException:
                    # It is there neither for this index nor for another one.
                    client.create_alias(name, alias, timeout=timeout)

    def _check(self) -> tuple[str, ...]:
        client = self.client()
        with failures(f"Milvus at {self.place}"):
            client.get_server_version(timeout=self.options.connect_timeout_s)
        notes = list(self._features.lacking(self.place))
        for index in list(self._indexes.values()):
            if index.mirror is None and self.options.resident:
                notes.append(
                    f"{self._what(index.spec)} was made for searching in Milvus, which it still does: "
                    "`search_by: resident` needs marks of changes that its rows do not have. Rebuild it to "
                    "have them."
                )
            elif index.mirror is not None and not self.options.resident and self._features.bm25:
                notes.append(
                    f"{self._what(index.spec)} was made without Milvus's BM25: keyword ranking is done in "
                    "this process. Rebuild it to let Milvus do that."
                )
        return (*notes, *self._without_sentences())

    def _without_sentences(self) -> tuple[str, ...]:
        return tuple(
            f"{self._what(index.spec)} was made before sentences had vectors: searches do without them. "
            "Rebuild it to have them."
            for index in list(self._indexes.values())
            if not index.sentences
        )

    def _drop(self, name: str) -> None:
        with self._lock:
            unmade = self._unmade.pop(name, None)
            if unmade is not None:
                unmade.drop()
            if not self.exists:
                return
            client = self.client()
            index = self._indexes.pop(name, None)
            if index is not None:
                index.forget()
            with failures(f"Index {name!r}"):
                if name not in client.list_collections(timeout=self.options.timeout_s):
                    return
                # A server does not drop what an alias stands for.
                for alias in client.list_aliases(name, timeout=self.options.timeout_s)["aliases"]:
                    client.drop_alias(alias, timeout=self.options.timeout_s)
                client.drop_collection(name, timeout=self.options.timeout_s)

    def _close(self) -> None:
        with self._lock:
            for index in self._indexes.values():
                index.save()
            self._disconnect()


def _check(found: IndexSpec, wanted: IndexSpec) -> None:
    for what in ("dimension", "embedding_fingerprint", "chunker_spec"):
        kept, now = getattr(found, what), getattr(wanted, what)
        if kept != now:
            raise ConflictError(
                f"Index {wanted.name!r} was made with {what.replace('_', ' ')} {kept!r}, not {now!r}.",
                code="index_mismatch",
                hint="Ingest into a new index (another name), or drop this one and ingest again.",
            )


async def create(options: MilvusOptions, context: ProviderContext) -> VectorStore:
    """Connect, so that a database that cannot be used is known at once; one that is not there yet can wait.

    So can a server that does not answer: it is tried again whenever it is wanted.

    Raises:
        UnavailableError: it is locked, or too old.
        StorageError: it is damaged.
    """
    store = MilvusStore(options, context.data_dir)
    if store.exists:
        try:
            await store.call(store.client)
        except UnavailableError as error:
            if error.code != "store_unavailable":
                raise
            logger.warning("%s %s", error.message, error.hint)
    return store
