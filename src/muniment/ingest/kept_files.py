"""Raw files and parsed documents, kept by content hash.

Raw bytes are kept so that a citation can be opened at its page although the source has changed;
parsed documents so that a lost or changed index is rebuilt without parsing again.
"""

import asyncio
import json
import zlib
from hashlib import sha256
from pathlib import Path

from muniment.errors import NotFoundError
from muniment.protocols import FileStore, ParsedFile
from muniment.types import ParsedDocument
from muniment.types.parsed_format import decode_parsed, encode_parsed


class KeptFiles:
    """The two kinds of files kept for every document."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    async def save_raw(self, content_hash: str, data: bytes) -> None:
        """Keep a source file's bytes; nothing is written when they are there already."""
        if not await self._store.exists(_raw_key(content_hash)):
            await self._store.put(_raw_key(content_hash), data)

    async def load_raw(self, content_hash: str) -> bytes:
        """The bytes of the source file; NotFoundError ``file_not_stored``."""
        return await self._store.get(_raw_key(content_hash))

    async def holds_raw(self, content_hash: str) -> bool:
        """Whether the bytes of the source file are kept."""
        return await self._store.exists(_raw_key(content_hash))

    async def save_parsed(self, parser_version: str, parsed: ParsedFile) -> None:
        """Keep the parsed document, and the parser's full form of it beside."""
        content_hash = parsed.document.content_hash
        await self._store.put(
            _parsed_key(content_hash, parser_version, "full"), zlib.compress(parsed.full, 6)
        )
        data = zlib.compress(encode_parsed(parsed.document), 6)
        await self._store.put(_parsed_key(content_hash, parser_version, "text"), data)

    async def load_parsed(self, content_hash: str, parser_version: str) -> ParsedDocument | None:
        """The parsed document, or None when it is not kept or its file is damaged."""
        try:
            data = await self._store.get(_parsed_key(content_hash, parser_version, "text"))
            return await asyncio.to_thread(lambda: decode_parsed(zlib.decompress(data)))
        except (NotFoundError, zlib.error, json.JSONDecodeError, KeyError, UnicodeDecodeError):
            return None

    async def forget(self, content_hash: str, parser_version: str) -> None:
        """Remove all that is kept of a content that no document has any more."""
        await self.forget_raw(content_hash)
        await self.forget_parsed(content_hash, parser_version)

    async def forget_parsed(self, content_hash: str, parser_version: str) -> None:
        """Remove what this version of the parser made of a content."""
        for form in ("full", "text"):
            await self._store.delete(_parsed_key(content_hash, parser_version, form))

    async def forget_raw(self, content_hash: str) -> None:
        """Remove the bytes of a file."""
        await self._store.delete(_raw_key(content_hash))


def hash_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _raw_key(content_hash: str) -> str:
    return f"raw/{content_hash[:2]}/{content_hash}"


def _parsed_key(content_hash: str, parser_version: str, form: str) -> str:
    version = sha256(parser_version.encode()).hexdigest()[:12]
    return f"parsed/{content_hash[:2]}/{content_hash}-{version}.{form}.z"
