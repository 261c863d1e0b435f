"""Files that clients upload: kept by content, known by an id of their own."""

import asyncio
import secrets
import time
from datetime import datetime
from pathlib import Path

from muniment.catalog import Catalog
from muniment.collections.ingestion import safe_name
from muniment.errors import ConflictError, NotFoundError
from muniment.ingest.kept_files import KeptFiles, hash_file
from muniment.types import Document, UploadedFile

SOURCE_PURPOSE = "assistants"
"""Shown for files that came from a declared source."""


class Files:
    """Uploaded files, and those of documents from declared sources, which can be read like them."""

    def __init__(self, catalog: Catalog, kept: KeptFiles) -> None:
        self._catalog = catalog
        self._kept = kept

    async def save(
        self, filename: str, purpose: str, file: Path, *, expires_after_s: int | None = None
    ) -> UploadedFile:
        """Keep a file's bytes under a new id, for so many seconds or for good.

        Raises:
            InputError: code ``unsafe_name``.
            StorageError: code ``disk_full``.
        """
        name = safe_name(filename)
        content_hash = await asyncio.to_thread(hash_file, file)
        data = await asyncio.to_thread(file.read_bytes)
        now = int(time.time())
        saved = UploadedFile(
            id=f"file-{secrets.token_hex(16)}",
            filename=name,
            purpose=purpose,
            size=len(data),
            created_at=now,
            content_hash=content_hash,
            expires_at=None if expires_after_s is None else now + expires_after_s,
        )
        # The record first: what no record holds may be swept away at any time.
        await asyncio.to_thread(self._catalog.files.save, saved)
        await self._kept.save_raw(content_hash, data)
        return saved

    async def list(self, *, purpose: str | None = None) -> tuple[UploadedFile, ...]:
        """The uploaded files that have not expired, oldest first."""
        found = await asyncio.to_thread(lambda: self._catalog.files.list(purpose=purpose))
        return tuple(file for file in found if not _expired(file))

    async def get(self, file_id: str) -> UploadedFile:
        """An uploaded file, or the file of a document.

        Raises:
            NotFoundError: code ``unknown_file``.
        """
        found = await asyncio.to_thread(self._catalog.files.get, file_id)
        if found is not None and not _expired(found):
            return found
        document = await asyncio.to_thread(self._catalog.document_of_file, file_id)
        if found is None and document is not None and document.content_hash:
            return _file_of(document, file_id)
        raise unknown_file(file_id)

    async def removable(self, file_id: str) -> UploadedFile:
        """The file, if it was uploaded as one; errors as ``get``.

        Raises:
            ConflictError: code ``file_of_document``: it is there as long as the document is.
        """
        file = await self.get(file_id)
        if await asyncio.to_thread(self._catalog.files.get, file_id) is None:
            raise ConflictError(
                f"File {file_id} is that of the document {file.filename!r}, not an uploaded file.",
                code="file_of_document",
                hint="Remove the document: from its source, or with DELETE /v1/collections/…/documents/….",
            )
        return file

    async def content(self, file_id: str) -> bytes:
        """Its bytes; errors as ``get``."""
        return await self._kept.load_raw((await self.get(file_id)).content_hash)

    async def forget(self, file: UploadedFile) -> None:
        """Remove an uploaded file's record, and its bytes unless a document or another file has the same."""
        await asyncio.to_thread(self._catalog.files.remove, file.id)
        if not await asyncio.to_thread(self._catalog.holds_bytes, file.content_hash):
            await self._kept.forget_raw(file.content_hash)

    async def expired(self) -> tuple[UploadedFile, ...]:
        """Files whose time is over."""
        return tuple(file for file in await asyncio.to_thread(self._catalog.files.list) if _expired(file))


def unknown_file(file_id: str) -> NotFoundError:
    """The error for a file id that nothing has."""
    return NotFoundError(
        f"File {file_id[:80]!r} not found.", code="unknown_file", hint="List files with GET /v1/files."
    )


def _expired(file: UploadedFile) -> bool:
    return file.expires_at is not None and file.expires_at <= time.time()


def _file_of(document: Document, file_id: str) -> UploadedFile:
    return UploadedFile(
        id=file_id,
        filename=document.name,
        purpose=SOURCE_PURPOSE,
        size=document.size,
        created_at=seconds_of(document.updated_at),
        content_hash=document.content_hash,
    )


def seconds_of(moment: str) -> int:
    """Unix seconds of a time as the catalog writes it; 0 for none."""
    return int(datetime.fromisoformat(moment).timestamp()) if moment else 0
