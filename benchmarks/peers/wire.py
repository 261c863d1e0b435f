"""The few calls that are measured, as three dialects spell them."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from corpus import DIMENSION, EMBEDDING_MODEL

JSON_TYPE = "application/json"

IDLE_S = 2.0
"""Seconds after which a connection is not used again; uvicorn closes idle ones after five."""

CLIENT_VERSION = {
    "v02": {"X-LlamaStack-Client-Version": "0.2.22"},
    "v03": {"X-LlamaStack-Client-Version": "0.3.5"},
    "ogx": {"X-OGX-Client-Version": "1.5.0"},
}
KINDS = tuple(CLIENT_VERSION)


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to measure.

    Attributes:
        kind: its dialect. ``v02``: Llama Stack 0.2, vector databases, OpenAI's routes below
            ``/v1/openai``. ``v03``: Llama Stack 0.3, vector stores. ``ogx``: OGX 1, whose clients embed
            chunks before they insert them.
        command: starts it, in a shell.
        embedding_model: what it calls the embedding model.
        provider: its vector store among several; the server chooses when empty.
    """

    name: str
    kind: str
    base_url: str
    command: str
    embedding_model: str = EMBEDDING_MODEL
    provider: str = ""


@dataclass(slots=True)
class Wire:
    """Calls to one server; every thread keeps a connection of its own, as clients do."""

    peer: Peer
    _local: threading.local = field(default_factory=threading.local)

    def is_healthy(self) -> bool:
        """Whether it answers ``/v1/health`` with 200."""
        return self._status("/v1/health") == 200

    def is_ready(self) -> bool:
        """Whether it answers ``/v1/ready``, which only Muniment has, with 200."""
        return self._status("/v1/ready") == 200

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Vectors of texts, made by the server."""
        body = {"model": self.peer.embedding_model, "input": texts}
        return [row["embedding"] for row in self._json("POST", f"{self._openai}/embeddings", body)["data"]]

    def create_store(self, name: str) -> str:
        """Id of a new store for chunks or files."""
        spec: dict[str, Any] = {
            "embedding_model": self.peer.embedding_model,
            "embedding_dimension": DIMENSION,
        }
        if self.peer.provider:
            spec["provider_id"] = self.peer.provider
        if self.peer.kind == "v02":
            return str(self._json("POST", "/v1/vector-dbs", {"vector_db_id": name, **spec})["identifier"])
        return str(self._json("POST", "/v1/vector_stores", {"name": name, **spec})["id"])

    def create_file_store(self, name: str) -> str:
        """Id of a new store for files."""
        if self.peer.kind != "v02":
            return self.create_store(name)
        spec = {"name": name, "embedding_model": self.peer.embedding_model, "embedding_dimension": DIMENSION}
        if self.peer.provider:
            spec["provider_id"] = self.peer.provider
        return str(self._json("POST", f"{self._openai}/vector_stores", spec)["id"])

    def insert(self, store: str, chunks: list[tuple[int, str]], vectors: list[list[float]] | None) -> None:
        """Insert numbered chunks; the server embeds those that come without vectors, if it does that."""
        if vectors is None and self.peer.kind == "ogx":
            vectors = self.embed([text for _, text in chunks])
        bodies = [self._chunk(number, text) for number, text in chunks]
        if vectors is not None:
            bodies = [{**body, "embedding": v} for body, v in zip(bodies, vectors, strict=True)]
        self._json("POST", "/v1/vector-io/insert", {self._store_key: store, "chunks": bodies})

    def query(self, store: str, text: str) -> bytes:
        """The five best chunks of a store, as the body came."""
        body = {self._store_key: store, "query": text, "params": {"max_chunks": 5}}
        return self._call("POST", "/v1/vector-io/query", json.dumps(body).encode())

    def search(self, store: str, text: str) -> bytes:
        """The five best passages of a store's files, as the body came."""
        body = {"query": text, "max_num_results": 5}
        return self._call("POST", f"{self._openai}/vector_stores/{store}/search", json.dumps(body).encode())

    def upload(self, name: str, content: bytes) -> str:
        """Id of an uploaded text file."""
        mark = uuid4().hex
        parts = (
            f'--{mark}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/plain\r\n\r\n"
        )
        body = parts.encode() + content + f"\r\n--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        return str(json.loads(self._call("POST", f"{self._openai}/files", body, kind))["id"])

    def attach(self, store: str, file_id: str) -> str:
        """Begin to read a file into a store, in pieces of 300 tokens; its status."""
        pieces = {"max_chunk_size_tokens": 300, "chunk_overlap_tokens": 0}
        body = {"file_id": file_id, "chunking_strategy": {"type": "static", "static": pieces}}
        return str(self._json("POST", f"{self._openai}/vector_stores/{store}/files", body)["status"])

    def attached(self, store: str, file_id: str) -> str:
        """The status of a file in a store."""
        return str(self._json("GET", f"{self._openai}/vector_stores/{store}/files/{file_id}")["status"])

    @property
    def _openai(self) -> str:
        return "/v1/openai/v1" if self.peer.kind == "v02" else "/v1"

    @property
    def _store_key(self) -> str:
        return "vector_store_id" if self.peer.kind == "ogx" else "vector_db_id"

    def _chunk(self, number: int, text: str) -> dict[str, Any]:
        body: dict[str, Any] = {"content": text, "metadata": {"document_id": f"text#{number}"}}
        if self.peer.kind == "ogx":
            body |= {
                "chunk_id": str(uuid4()),
                "chunk_metadata": {"document_id": f"text#{number}", "source": "text"},
                "embedding_model": self.peer.embedding_model,
                "embedding_dimension": DIMENSION,
            }
        return body

    def _status(self, path: str) -> int:
        split = urlsplit(self.peer.base_url)
        connection = http.client.HTTPConnection(split.hostname or "127.0.0.1", split.port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def _json(self, method: str, path: str, body: object = None) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self._call(method, path, sent)
        return json.loads(answer) if answer else None

    def _call(self, method: str, path: str, body: bytes, content_type: str = JSON_TYPE) -> bytes:
        connection = self._connection()
        headers = {"Content-Type": content_type, **CLIENT_VERSION[self.peer.kind]}
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            answer = response.read()
            self._local.used = time.monotonic()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        if response.status not in (200, 204):
            shown = answer[:300].decode(errors="replace")
            raise SystemExit(f"{self.peer.name}: {method} {path} answered {response.status}: {shown}")
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection, unless the server may have closed it meanwhile: then a new one."""
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None or time.monotonic() - self._local.used > IDLE_S:
            if connection is not None:
                connection.close()
            split = urlsplit(self.peer.base_url)
            connection = http.client.HTTPConnection(split.hostname or "127.0.0.1", split.port, timeout=600)
            self._local.connection = connection
        return connection
