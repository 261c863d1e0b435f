"""One collection at work: what it is made of, and what is known of it in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from muniment.collections.adopted_store import AdoptedStore
from muniment.collections.recipe import Recipe
from muniment.errors import MunimentError, UnavailableError
from muniment.ingest.settling import Shown
from muniment.protocols import AdoptedIndex, Chunker, Embedder, Generator, Reranker, Source, VectorIndex
from muniment.providers.window_chunker import WindowChunker
from muniment.settings import CollectionSettings
from muniment.types import (
    CollectionState,
    Difference,
    Document,
    Generation,
    GenerationState,
    Run,
    StaticChunking,
)
from muniment.types.store import evidence_id


@dataclass(slots=True)
class CollectionRuntime:
    """A declared collection with everything it works with, at one generation: the live one, or, in a
    copy of its own, one that is being built.

    Attributes:
        wanted: how the settings ask for chunks and vectors to be made.
        recipe: how those of this generation are made; questions are embedded by it.
        reranker: puts what searches find in order; None for none.
        generation: as the catalog knows it; None before the first was made.
        index: the open index; None until the reconciler has opened it.
        names: name shown for each document id that may be searched. What is not here is not
            found: chunks of a document still being written, or just replaced, stay invisible.
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
    wanted: Recipe
    recipe: Recipe
    generator: Generator
    reranker: Reranker | None = None
    generation: Generation | None = None
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
    def embedder(self) -> Embedder:
        """The embedding model of this generation."""
        return self.recipe.embedder

    @property
    def chunker(self) -> Chunker:
        """The chunker of this generation; StorageError ``unknown_chunking``."""
        return self.recipe.chunker

    @property
    def number(self) -> int:
        """The generation's number."""
        return self.generation.number if self.generation is not None else 1

    @property
    def building(self) -> bool:
        """Whether this is a generation that is not live."""
        return self.generation is not None and self.generation.state is not GenerationState.LIVE

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What the settings ask for and this generation does not have."""
        return self.wanted.differences(self.generation) if self.generation is not None else ()

    def beside(self, generation: Generation, recipe: Recipe, index: VectorIndex) -> "CollectionRuntime":
        """The collection at another generation, with nothing to be seen yet."""
        return replace(
            self,
            generation=generation,
            recipe=recipe,
            index=index,
            names={},
            given={},
            busy=asyncio.Lock(),
            run=None,
            filling=False,
            mending=False,
            problem=None,
        )

    def serve(self, other: "CollectionRuntime", generation: Generation) -> None:
        """Answer from the other's generation from now on.

        Who is searching goes on with the index and the names it has: nothing is changed in place.
        """
        self.generation, self.recipe, self.index = generation, other.recipe, other.index
        self.names, self.given = other.names, other.given
        self.problem = None

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
