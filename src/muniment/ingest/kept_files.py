"""Raw files, kept by content hash, and parsed documents, kept by content hash and how it was read.

Raw bytes are kept so that a citation can be opened at its page although the source has changed;
parsed documents so that a lost or changed index is rebuilt without parsing again. Plans lie beside them.
"""

import asyncio
import json
import re
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from muniment.errors import NotFoundError
from muniment.protocols import FileStore, ParsedFile
from muniment.types import BlockKind, ParsedDocument
from muniment.types.parsed_format import decode_parsed, encode_parsed

_RAW_KEY = re.compile(r"raw/[0-9a-f]{2}/([0-9a-f]{64})")
_PARSED_KEY = re.compile(r"parsed/[0-9a-f]{2}/([0-9a-f]{64})-([0-9a-f]{12})\.(?:full|text)\.z")

_PLAN_KEY = re.compile(r"plans/plan_[0-9a-z]+/[0-9]{6,}\.z")


class KeptFiles:
    """The two kinds of files kept for every document, and plans that workers share."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    @property
    def store(self) -> FileStore:
        """Where they are kept."""
        return self._store

    async def save_raw(self, content_hash: str, data: bytes) -> None:
        """Keep a source file's bytes; nothing is written when they are there already."""
        if not await self._store.touch(_raw_key(content_hash)):
            await self._store.put(_raw_key(content_hash), data)

    async def load_raw(self, content_hash: str) -> bytes:
        """The bytes of the source file; NotFoundError ``file_not_stored``."""
        return await self._store.get(_raw_key(content_hash))

    async def holds_raw(self, content_hash: str) -> bool:
        """Whether the bytes of the source file are kept."""
        return await self._store.exists(_raw_key(content_hash))

    async def save_parsed(self, read: str, parsed: ParsedFile) -> None:
        """Keep the parsed document, and the parser's full form of it beside."""
        content_hash = parsed.document.content_hash
        await self._store.put(_parsed_key(content_hash, read, "full"), zlib.compress(parsed.full, 6))
        data = zlib.compress(encode_parsed(parsed.document), 6)
        await self._store.put(_parsed_key(content_hash, read, "text"), data)

    async def load_parsed(self, content_hash: str, read: str) -> ParsedDocument | None:
        """The parsed document, or None when it is not kept or its file is damaged."""
        try:
            data = await self._store.get(_parsed_key(content_hash, read, "text"))
            return await asyncio.to_thread(lambda: decode_parsed(zlib.decompress(data)))
        except (NotFoundError, zlib.error, json.JSONDecodeError, KeyError, UnicodeDecodeError):
            return None

    async def reuse_parsed(self, content_hash: str, read: str) -> ParsedDocument | None:
        """As ``load_parsed``, for a document that is about to refer to it: it counts as kept just now."""
        for form in ("full", "text"):
            if not await self._store.touch(_parsed_key(content_hash, read, form)):
                return None
        return await self.load_parsed(content_hash, read)

    async def adopt_parsed(self, content_hash: str, before: str, now: str) -> ParsedDocument | None:
        """Keep under ``now`` what was kept as read by ``before``, a parser's version without a form.

        None when it is not kept, or when it may rest on the name that the file had then. What has pages is of
        a format that only the content decides, and with a heading its title is its own.
        """
        document = await self.load_parsed(content_hash, before)
        if document is None or not document.pages or not _is_titled(document):
            return None
        if any(note.startswith("The name ") for note in document.notes):
            return None
        try:
            full = zlib.decompress(await self._store.get(_parsed_key(content_hash, before, "full")))
        except (NotFoundError, zlib.error):
            return None
        await self.save_parsed(now, ParsedFile(document, full))
        return document

    async def save_plan_piece(self, plan_id: str, number: int, data: bytes) -> None:
        """Keep a piece of a plan, for workers on other machines."""
        await self._store.put(_plan_key(plan_id, number), data)

    async def load_plan_piece(self, plan_id: str, number: int) -> bytes:
        """A piece of a plan; NotFoundError ``file_not_stored``."""
        return await self._store.get(_plan_key(plan_id, number))

    async def forget(self, content_hash: str, read: str) -> None:
        """Remove all that is kept of a content that no document has any more."""
        await self.forget_raw(content_hash)
        await self.forget_parsed(content_hash, read)

    async def forget_parsed(self, content_hash: str, read: str) -> None:
        """Remove what was made of a content when it was read so."""
        for form in ("full", "text"):
            await self._store.delete(_parsed_key(content_hash, read, form))

    async def forget_raw(self, content_hash: str) -> None:
        """Remove the bytes of a file."""
        await self._store.delete(_raw_key(content_hash))

    async def aclose(self) -> None:
        """Let go of the store's connections."""
        await self._store.aclose()


def hash_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class KeptKey:
    """What a key of the store stands for; ``parser`` is None for raw bytes."""

    content_hash: str
    parser: str | None
    """Hash of how it was read, as ``hash_version`` gives it."""


def read_key(key: str) -> KeptKey | None:
    """What a key stands for; None for a file that no ``KeptFiles`` wrote."""
    if raw := _RAW_KEY.fullmatch(key):
        return KeptKey(raw[1], None)
    if parsed := _PARSED_KEY.fullmatch(key):
        return KeptKey(parsed[1], parsed[2])
    return None


def is_plan_key(key: str) -> bool:
    """Whether a piece of a plan lies under the key."""
    return _PLAN_KEY.fullmatch(key) is not None


def hash_version(read: str) -> str:
    """How a content was read, as it stands in keys."""
    return sha256(read.encode()).hexdigest()[:12]


def _is_titled(document: ParsedDocument) -> bool:
    return any(block.kind in (BlockKind.TITLE, BlockKind.HEADING) for block in document.blocks)


def _plan_key(plan_id: str, number: int) -> str:
    return f"plans/{plan_id}/{number:06}.z"


def _raw_key(content_hash: str) -> str:
    return f"raw/{content_hash[:2]}/{content_hash}"


def _parsed_key(content_hash: str, read: str, form: str) -> str:
    return f"parsed/{content_hash[:2]}/{content_hash}-{hash_version(read)}.{form}.z"
