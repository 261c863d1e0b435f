"""What all collections share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from muniment.catalog import Catalog
from muniment.collections.embedding_models import EmbeddingModels
from muniment.collections.rerankers import Rerankers
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import unknown_name
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.pipeline import PipelineSettings
from muniment.ingest.run import IngestTools
from muniment.protocols import Generator, Parser, VectorStore
from muniment.settings import CollectionSettings, Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """The objects behind a workspace; ``runtimes`` and ``generators`` by name.

    ``make_runtime`` makes a collection that is not declared.
    """

    settings: Settings
    catalog: Catalog
    kept: KeptFiles
    parser: Parser
    store: VectorStore
    runtimes: dict[str, CollectionRuntime]
    generators: dict[str, Generator]
    readers: int
    embedding_models: EmbeddingModels
    rerankers: Rerankers
    make_runtime: Callable[[str, CollectionSettings], Awaitable[CollectionRuntime]]

    @property
    def scratch_dir(self) -> Path:
        """Where files lie while they are read."""
        return self.settings.data_dir / "scratch"

    def runtime(self, collection: str) -> CollectionRuntime:
        """The collection of that name; NotFoundError ``unknown_collection``."""
        try:
            return self.runtimes[collection]
        except KeyError:
            raise unknown_name("collection", collection, list(self.runtimes)) from None

    def generator(self, runtime: CollectionRuntime, name: str | None) -> Generator:
        """The named generator, or the collection's own; NotFoundError ``unknown_generator``."""
        if name is None:
            return runtime.generator
        try:
            return self.generators[name]
        except KeyError:
            raise unknown_name("generator", name, list(self.generators)) from None

    def tools(self, runtime: CollectionRuntime) -> IngestTools:
        """What a run over the collection works with; raises what keeps it from being open."""
        ingest = self.settings.ingest
        return IngestTools(
            catalog=self.catalog,
            kept=self.kept,
            parser=self.parser,
            chunker=runtime.chunker,
            own_chunker=runtime.recipe.chunker_of,
            embedder=runtime.embedder,
            index=runtime.open_index(),
            settings=PipelineSettings(
                scratch_dir=self.scratch_dir,
                max_file_bytes=ingest.max_file_mb * 1_000_000,
                readers=self.readers,
                queue_documents=ingest.queue_documents,
                batch_chunks=ingest.batch_chunks,
                lease_s=ingest.lease_s,
                store_wait_s=ingest.store_wait_s,
            ),
            generation=runtime.number,
            building=runtime.building,
        )
