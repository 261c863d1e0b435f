"""Kept bytes as a source: files that need not be fetched from where they came."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from muniment.ingest.kept_files import KeptFiles
from muniment.types import SourceFile


class KeptSource:
    """A source of one file whose bytes are kept already."""

    def __init__(self, kept: KeptFiles, content_hash: str) -> None:
        self._kept = kept
        self._content_hash = content_hash

    async def check(self) -> None:
        """Nothing to try."""

    async def list(self) -> AsyncIterator[SourceFile]:
        """Such files are planned one by one, never listed."""
        return
        yield

    async def fetch(self, file: SourceFile, target: Path) -> None:
        """Copy the kept bytes."""
        data = await self._kept.load_raw(self._content_hash)
        await asyncio.to_thread(target.write_bytes, data)

    async def aclose(self) -> None:
        """Nothing to let go of."""
