"""One collection at work: what it is made of, and what is known of it in memory."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from muniment.catalog import CollectionRecord
from muniment.collections.adopted_store import AdoptedStore
from muniment.errors import MunimentError, UnavailableError
from muniment.ingest.settling import Shown
from muniment.protocols import AdoptedIndex, Chunker, Embedder, Generator, IndexSpec, Source, VectorIndex
from muniment.providers.window_chunker import WindowChunker
from muniment.settings import CollectionSettings
from muniment.types import CollectionState, Document, Run, StaticChunking
from muniment.types.store import evidence_id


@dataclass(slots=True)
class CollectionRuntime:
    """A declared collection with everything it works with.

    Attributes:
        index: the open index; None until the reconciler has opened it.
        names: name shown for each document id that may be searched. What is not here is not
            found: chunks of a document still being written, or just replaced, stay invisible.
        own_chunker: makes the chunker of a document that has one of its own, from its spec.
        declared: whether the settings declare it; else it was created over the API.
        given: the part of ``names`` that stands for given chunks.
        revision: the catalog's revision that ``names`` is of, where other servers change it too.
        run: the run in progress.
        filling: that run began with nothing to search, so most answers would be wrong.
        problem: why the collection cannot be asked, when it cannot.
        adopted: the index once more when another server filled it; there are no sources and no catalog then.
        adopted_from: the store it lies in, when that is not the store of the other collections.
    """

    name: str
    settings: CollectionSettings
    sources: Sequence[Source]
    embedder: Embedder
    chunker: Chunker
    own_chunker: Callable[[str], Chunker]
    generator: Generator
    declared: bool = True
    index: VectorIndex | None = None
    names: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    revision: int = 0
    run: Run | None = None
    problem: MunimentError | None = None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    filling: bool = False
    mending: bool = False
    adopted: AdoptedIndex | None = None
    adopted_from: AdoptedStore | None = None

    @property
    def record(self) -> CollectionRecord:
        """How its index is to be made."""
        return CollectionRecord(
            name=self.name,
            index_name=index_name(self.name),
            dimension=self.embedder.dimension,
            embedding_model=self.settings.embedding_model,
            embedding_fingerprint=self.embedder.fingerprint,
            chunker_spec=self.chunker.spec,
        )

    @property
    def index_spec(self) -> IndexSpec:
        """The same for the vector store."""
        record = self.record
        return IndexSpec(
            record.index_name, record.dimension, record.embedding_fingerprint, record.chunker_spec
        )

    @property
    def state(self) -> CollectionState:
        """Whether it can be asked."""
        if self.problem is not None or self.index is None:
            return CollectionState.UNAVAILABLE
        if self.mending:
            return CollectionState.MENDING
        if self.run is not None:
            return CollectionState.INGESTING
        return CollectionState.READY if self.names else CollectionState.EMPTY

    @property
    def gap(self) -> str:
        """What searches may miss just now, in words; empty when nothing is under way."""
        run = self.run
        work, ended = (run.work, run.ended) if run is not None else (0, 0)
        if not self.mending and ended >= work:
            return ""
        what = "Lost chunks are being made again" if self.mending else "Documents are being read"
        return f"{what}: {ended} of {work} are done. What is not yet in cannot be found."

    def own_chunker_spec(self, chunking: StaticChunking) -> str:
        """The spec of the chunker for one document's static chunking.

        Both sizes shrink in proportion to what the embedding model reads: what it cuts off could not
        be found by meaning.
        """
        size = min(chunking.max_tokens, self.embedder.max_tokens)
        overlap = chunking.overlap_tokens * size // chunking.max_tokens
        return WindowChunker(self.embedder.tokenizer, size, overlap).spec

    def open_index(self) -> VectorIndex:
        """The index; raises what keeps the collection from being asked."""
        if self.problem is not None:
            raise self.problem
        if self.index is None:
            raise UnavailableError(
                f"Collection {self.name!r} is not open yet.",
                code="collection_not_ready",
                hint="Wait until /v1/ready answers 200.",
            )
        return self.index

    def show(self, document: Document) -> None:
        """Make a document that is completely written visible to searches."""
        if document.chunks and document.document_id:
            self.names[document.document_id] = document.name

    def flip(self, shown: Shown) -> None:
        """Show what has come and hide what it replaced, between two searches."""
        if shown.gone and shown.still_named:
            self.names[shown.gone] = shown.still_named
        elif shown.gone:
            self.names.pop(shown.gone, None)
        if shown.document is not None:
            self.show(shown.document)

    def show_given(self, titles: Mapping[str, str]) -> None:
        """Make given chunks, titles by document id, visible to searches."""
        self.given.update(titles)
        self.names.update(titles)

    def show_all(self, documents: Sequence[Document], titles: Mapping[int, str]) -> None:
        """Make exactly these documents and given chunks, titles by row, visible."""
        self.given = {evidence_id(row): title for row, title in titles.items()}
        self.hide_all_but(documents)

    def hide_all_but(self, documents: Sequence[Document]) -> None:
        """Make exactly these documents visible, and the given chunks."""
        self.names.clear()
        self.names.update(self.given)
        for document in documents:
            self.show(document)


def index_name(collection: str) -> str:
    """The index's name: letters, digits and underscores, different for every collection."""
    digest = sha256(collection.encode()).hexdigest()[:8]
    return f"muniment_{re.sub('[^a-z0-9]', '_', collection)}_{digest}"
