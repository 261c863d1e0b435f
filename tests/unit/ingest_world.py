"""A collection in memory whose files can be changed at will; only catalog and spool lie on the disk."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

from muniment.catalog import Catalog
from muniment.chunkers import chunker_for
from muniment.errors import NotFoundError
from muniment.ingest.estimate import MeasuredRate
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.pipeline import PipelineSettings
from muniment.ingest.plan import Workload
from muniment.ingest.planner import Declared, make_plan
from muniment.ingest.run import IngestRun, IngestTools
from muniment.ingest.settling import Shown
from muniment.ingest.spool import Spool
from muniment.ingest.spooled_plan import SpooledPlan, shard_parts
from muniment.protocols import IndexSpec, ParsedFile, VectorIndex
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.providers.fake_file_store import FakeFileStore
from muniment.providers.fake_parser import FakeParser
from muniment.providers.fake_vector_store import FakeVectorIndex
from muniment.providers.structure_chunker import StructureChunker
from muniment.ranking import Fusion
from muniment.types import Change, MetadataValue, Plan, Run, RunEvent, Shard, SourceFile

EMBEDDER = FakeEmbedder("fake", FakeEmbedderOptions(dimension=8))
CHUNKER = StructureChunker(tokenizer=EMBEDDER.tokenizer, max_tokens=32, min_tokens=4)
COLLECTION = "docs"


class FormParser(FakeParser):
    """Reads text by the extension of its name: lines of CSV become rows, ``.txt`` has no headings."""

    def __init__(self) -> None:
        self.parsed: list[str] = []

    def form(self, name: str) -> str:
        return PurePosixPath(name).suffix.lower() or "any"

    async def parse(self, path: Path, name: str, content_hash: str) -> ParsedFile:
        self.parsed.append(name)
        text = path.read_text(encoding="utf-8", errors="replace")
        if self.form(name) == ".csv":
            path.write_text(text.replace(",", " | "))
        elif self.form(name) == ".txt":
            path.write_text(text.replace("# ", ""))
        parsed = await super().parse(path, name, content_hash)
        path.write_text(text)
        return parsed


class Files:
    """A source over a dictionary, name to content. A version tells the last change, as in a folder."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.changed: dict[str, int] = {}
        self.metadata: dict[str, MetadataValue] = {}
        self.fetched: list[str] = []
        self._clock = 0

    def write(self, name: str, content: bytes) -> None:
        self._clock += 1
        self.contents[name] = content
        self.changed[name] = self._clock

    def remove(self, name: str) -> None:
        self.contents.pop(name, None)
        self.changed.pop(name, None)

    def rename(self, name: str, new: str) -> None:
        if name in self.contents and name != new:
            self.contents[new] = self.contents.pop(name)
            self.changed[new] = self.changed.pop(name)

    def copy(self, name: str, other: str) -> None:
        if name in self.contents and name != other:
            self.write(other, self.contents[name])

    async def check(self) -> None:
        """Always there."""

    async def list(self) -> AsyncIterator[SourceFile]:
        for name, content in list(self.contents.items()):
            version = f"{len(content)}-{self.changed[name]}"
            yield SourceFile(f"mem:///{name}", name, len(content), version, dict(self.metadata))

    async def fetch(self, file: SourceFile, target: Path) -> None:
        self.fetched.append(file.name)
        await asyncio.sleep(0)
        if file.name not in self.contents:
            raise NotFoundError("gone", code="source_file_gone", hint="It was removed.")
        target.write_bytes(self.contents[file.name])


class World:
    """One catalog, one index, one source; and workers that ingest."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder
        self.files = files or Files()
        folder.mkdir(parents=True)
        self.catalog = Catalog.open(f"sqlite:///{folder / 'catalog.db'}")
        self.store = FakeFileStore()
        self.index: VectorIndex = FakeVectorIndex(
            IndexSpec("docs", 8, EMBEDDER.fingerprint, CHUNKER.spec), Fusion.ZSCORE
        )
        self.embedder: FakeEmbedder = EMBEDDER
        self.parser = FormParser()
        self.names: dict[str, str] = {}
        self.events: list[RunEvent] = []
        self._spools = 0

    def tools(self, **changes: object) -> IngestTools:
        values: dict[str, object] = {
            "catalog": self.catalog,
            "kept": KeptFiles(self.store),
            "parser": self.parser,
            "chunker": CHUNKER,
            "own_chunker": lambda spec: chunker_for(spec, EMBEDDER.tokenizer),
            "embedder": self.embedder,
            "index": self.index,
            "generation": 1,
            "settings": PipelineSettings(
                scratch_dir=self.folder / "scratch",
                max_file_bytes=1_000_000,
                readers=2,
                queue_documents=2,
                batch_chunks=3,
                lease_s=2.0,
            ),
        }
        return IngestTools(**(values | changes))  # type: ignore[arg-type]

    @asynccontextmanager
    async def planned(
        self, shard: Shard | None = None, *, retry_failed: bool = False
    ) -> AsyncIterator[SpooledPlan]:
        self._spools += 1
        spool = Spool(self.folder / f"plan-{self._spools}.db")
        rate = MeasuredRate(100.0, "given")
        declared = Declared(
            COLLECTION, "declared", self.parser.version, 8, rate, retry_failed, allow_empty=True
        )
        try:
            known = self.catalog.known.by_uri(COLLECTION, 1)
            plan = await make_plan(spool, [self.files], known, declared, "2026-01-01T00:00:00Z")
            documents = plan.changes
            if shard:
                documents = shard_parts(spool, shard.of)[shard.number].documents
            yield SpooledPlan(spool, plan, [self.files], documents, shard)
        finally:
            spool.close()

    async def plan(self, *, retry_failed: bool = False) -> tuple[Plan, list[Change]]:
        async with self.planned(retry_failed=retry_failed) as planned:
            return planned.plan, list(planned.spool.changes())

    def flip(self, shown: Shown) -> None:
        if shown.gone and shown.still_named:
            self.names[shown.gone] = shown.still_named
        elif shown.gone:
            self.names.pop(shown.gone, None)
        if shown.document is not None and shown.document.chunks:
            self.names[shown.document.document_id] = shown.document.name

    async def apply(self, shard: Shard | None = None, **changes: object) -> Run:
        async def emit(event: RunEvent) -> None:
            self.events.append(event)

        run = IngestRun(COLLECTION, "test", self.tools(**changes), emit, self.flip)

        @asynccontextmanager
        async def prepare() -> AsyncIterator[Workload]:
            async with self.planned(shard) as planned:
                yield planned

        return await run.execute(prepare)

    async def rows(self) -> list[tuple[int, str, str, str]]:
        """Everything in the index: id, document, context and text of each row."""
        hits = await self.index.get(sorted(await self.index.ids()))
        return [(hit.id, hit.document_id, hit.chunk.context, hit.chunk.text) for hit in hits]

    def documents(self) -> list[tuple[str, str, str, str, str, int]]:
        """Everything in the catalog: name, id, reading, title, state and chunks of each document."""
        found = self.catalog.documents(COLLECTION)
        return [
            (one.name, one.document_id, one.parser, one.title, one.state.value, one.chunks) for one in found
        ]

    def kept_parsed(self) -> set[str]:
        """Keys of the parsed documents that are kept."""
        return {key for key in self.store._files if key.startswith("parsed/")}

    def kept_raw(self) -> set[str]:
        """Hashes of the raw files that are kept."""
        return {key.rsplit("/", 1)[1] for key in self.store._files if key.startswith("raw/")}

    def contents_to_keep(self) -> set[str]:
        """Hashes of what the files hold, as far as it can be read."""
        readable = [data for data in self.files.contents.values() if data.strip() and b"\0" not in data]
        return {sha256(data).hexdigest() for data in readable}

    def close(self) -> None:
        self.catalog.close()
