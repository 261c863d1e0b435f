"""The ``docling`` parser: many formats, each document in a worker process with limits."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import SettingsError
from muniment.protocols import ParsedFile, Parser, Provider, ProviderContext
from muniment.providers.docling import formats
from muniment.providers.docling.jobs import Limits
from muniment.providers.docling.pool import WorkerPool

REVISION = 2
"""Raised when the same file would give another parsed document."""
_MB = 1024 * 1024


class DoclingOptions(BaseModel):
    """Options of the docling parser."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int | None = Field(
        default=None, ge=1, le=64, description="Worker processes; as many as there are cores, but at most 4."
    )
    timeout_s: float = Field(default=600.0, gt=0, description="Longest time for one document, in seconds.")
    memory_mb: int = Field(default=2048, ge=256, description="Most memory one worker may hold, in MB.")
    max_file_mb: int = Field(default=200, ge=1, description="Larger files are refused, in MB.")
    max_unpacked_mb: int = Field(
        default=1024, ge=1, description="Office files that unpack to more are refused, in MB."
    )
    max_pages: int = Field(default=3000, ge=1, description="Longer documents are refused.")
    max_megapixels: int = Field(
        default=120, ge=1, description="Larger images are refused, in millions of pixels."
    )
    ocr: bool = Field(default=True, description="Whether images and scanned pages are read.")
    artifacts_path: Path | None = Field(
        default=None,
        description="Folder with Docling's own layout and table models; the built-in mode when omitted.",
    )
    recycle_after: int = Field(
        default=500,
        ge=1,
        description="Documents after which a worker is replaced, because libraries leak; one that holds "
        "half of `memory_mb` is replaced at once.",
    )


class DoclingParser:
    """Parser over a pool of worker processes. Docling itself is imported in the workers only."""

    def __init__(self, options: DoclingOptions) -> None:
        cores = os.cpu_count() or 1
        workers = options.workers or min(cores, 4)
        limits = Limits(
            max_file_bytes=options.max_file_mb * _MB,
            max_unpacked_bytes=options.max_unpacked_mb * _MB,
            max_pages=options.max_pages,
            max_pixels=options.max_megapixels * 1_000_000,
            memory_bytes=options.memory_mb * _MB,
            threads=max(1, min(4, cores // max(1, workers // 2))),
            ocr=options.ocr,
            artifacts_path=str(options.artifacts_path) if options.artifacts_path else "",
        )
        self._version = _version(options)
        self._pool = WorkerPool(
            workers=workers,
            timeout_s=options.timeout_s,
            recycle_after=options.recycle_after,
            limits=limits,
            parser=self._version,
        )

    @property
    def version(self) -> str:
        """Name, revision, Docling's version, and the options that decide the result."""
        return self._version

    def form(self, name: str) -> str:
        """The format that the name's extension claims."""
        return formats.form(name)

    async def parse(self, path: Path, name: str, content_hash: str) -> ParsedFile:
        """See :class:`muniment.protocols.Parser`."""
        return await self._pool.parse(path, name, content_hash)

    async def aclose(self) -> None:
        """Stop the workers."""
        await self._pool.aclose()


def _version(options: DoclingOptions) -> str:
    try:
        docling = version("docling-slim")
    except PackageNotFoundError:
        docling = version("docling")
    mode = "models" if options.artifacts_path else "built-in"
    return f"docling-{REVISION}/{docling}/{mode}/{'ocr' if options.ocr else 'no-ocr'}"


async def create(options: DoclingOptions, context: ProviderContext) -> Parser:
    """Make the parser; starts no process yet.

    Raises:
        SettingsError: ``artifacts_path`` is not a folder.
    """
    if options.artifacts_path is not None and not options.artifacts_path.is_dir():
        raise SettingsError(
            f"parser.artifacts_path: {str(options.artifacts_path)!r} is not a folder.",
            hint="Give the folder with Docling's models, or leave the setting out for the built-in mode.",
        )
    return DoclingParser(options)


PROVIDER: Provider[Parser] = Provider("docling", DoclingOptions, create)
