"""Collections as clients of the HTTP API see them: stores, the files in them, chunks given directly."""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from muniment.types.document import MetadataValue

JsonObject = dict[str, Any]
"""A JSON object that clients sent and get back as it was."""

ATTACHED = "attached:///"
"""Scheme of the URI of a document that came from an attached file."""


@dataclass(frozen=True, slots=True)
class StaticChunking:
    """Windows of a fixed size in tokens, each sharing ``overlap_tokens`` with the one before."""

    max_tokens: int
    overlap_tokens: int


class StoreFileState(StrEnum):
    """How far an attached file is."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Files of a store or batch by state."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.in_progress + self.completed + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class CreatedCollection:
    """A collection made over the API, as the catalog keeps it.

    Attributes:
        collection: its name in the domain.
        id: what clients call it.
        name: the title its maker gave it; need not be unique.
        created_at, last_active_at: Unix seconds.
        expires_days: days after the last activity when it expires; None for never.
    """

    collection: str
    id: str
    name: str
    embedding_model: str
    created_at: int
    last_active_at: int
    metadata: JsonObject = field(default_factory=dict)
    expires_days: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """A collection, declared or created, as the vector store of a client. Times are Unix seconds."""

    collection: str
    id: str
    name: str
    declared: bool
    embedding_model: str
    dimension: int
    created_at: int
    last_active_at: int
    metadata: JsonObject
    expires_days: int | None
    counts: FileCounts
    usage_bytes: int
    description: str = ""

    @property
    def expires_at(self) -> int | None:
        """When it expires, in Unix seconds."""
        return None if self.expires_days is None else self.last_active_at + self.expires_days * 86400


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file uploaded to ``/v1/files``, or the file of a declared source's document.

    ``created_at`` and ``expires_at`` are Unix seconds. ``content_hash`` is the SHA-256 (hex) of its bytes.
    """

    id: str
    filename: str
    purpose: str
    size: int
    created_at: int
    content_hash: str
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A file in a store. ``error_code`` and ``error`` say why it failed; ``size`` is in bytes."""

    collection: str
    file_id: str
    filename: str
    state: StoreFileState
    created_at: int
    size: int = 0
    attributes: dict[str, MetadataValue] = field(default_factory=dict)
    chunking: StaticChunking | None = None
    error_code: str = ""
    error: str = ""
    document_id: str = ""
    batch_id: str = ""


@dataclass(frozen=True, slots=True)
class FileBatch:
    """Files attached together."""

    id: str
    collection: str
    created_at: int
    counts: FileCounts
    cancelled: bool = False

    @property
    def state(self) -> StoreFileState:
        """In progress, completed, failed (all of them), or cancelled."""
        if self.cancelled:
            return StoreFileState.CANCELLED
        if self.counts.in_progress:
            return StoreFileState.IN_PROGRESS
        failed = self.counts.total > 0 and self.counts.failed == self.counts.total
        return StoreFileState.FAILED if failed else StoreFileState.COMPLETED


@dataclass(frozen=True, slots=True)
class GivenChunk:
    """A chunk that a client inserted, text and all, instead of a document.

    Attributes:
        chunk_id: the client's id, or one made from document and content.
        document_id: the document the client says it is of; may be empty.
        vector: the embedding the client gave; None when it is ours to make.
        metadata, chunk_metadata: kept and given back as they came.
        vector_of: fingerprint of the embedding model that the vector is of; empty when it is not known.
    """

    chunk_id: str
    content: str
    document_id: str = ""
    metadata: JsonObject = field(default_factory=dict)
    chunk_metadata: JsonObject = field(default_factory=dict)
    vector: tuple[float, ...] | None = None
    vector_of: str = ""

    @property
    def row_id(self) -> int:
        """Its positive 63-bit id in the index; the same chunk id gives the same row."""
        digest = blake2b(f"given\0{self.chunk_id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    @property
    def evidence_id(self) -> str:
        """The id of the document that it is by itself when it is cited."""
        return evidence_id(self.row_id)

    @property
    def title(self) -> str:
        """What people see as its document's name."""
        named = (self.metadata.get(key) or self.chunk_metadata.get(key) for key in ("filename", "source"))
        return str(next((name for name in named if name), self.document_id or self.chunk_id))

    @property
    def attributes(self) -> dict[str, MetadataValue]:
        """Its metadata as far as filters can see it: strings, numbers and booleans."""
        given = {**self.metadata, **({"document_id": self.document_id} if self.document_id else {})}
        return {key: value for key, value in given.items() if isinstance(value, str | int | float)}


@dataclass(frozen=True, slots=True)
class Resource:
    """A JSON object kept for clients: a prompt, conversation, response, agent and so on.

    ``kind`` and ``id`` identify it; ``parent`` is the id of what it belongs to; ``number`` grows with
    every resource kept, so it orders them. ``created_at`` is Unix seconds.
    """

    kind: str
    id: str
    body: JsonObject
    parent: str = ""
    number: int = 0
    created_at: int = 0


def evidence_id(row_id: int) -> str:
    """The document id of the given chunk in this row of the index."""
    return f"chk_{row_id:016x}"


def attached_uri(file_id: str) -> str:
    """The URI of the document that an attached file becomes."""
    return f"{ATTACHED}{file_id}"


def file_id_of(collection: str, uri: str) -> str:
    """The id under which a document's file can be had: that of the attached file, or one of its own."""
    if uri.startswith(ATTACHED):
        return uri.removeprefix(ATTACHED)
    digest = blake2b(f"{collection}\0{uri}".encode(), digest_size=16)
    return f"file-{digest.hexdigest()}"
