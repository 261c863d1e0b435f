"""Tries out a collection: what it rests on, whether it is complete, and whether what it holds is found."""

import asyncio
import random
from collections.abc import Sequence
from functools import partial

from muniment.collections.generations import Generations
from muniment.collections.parts import Parts
from muniment.collections.probes import (
    probe_catalog,
    probe_disk,
    probe_embedder,
    probe_file_store,
    probe_generator,
    probe_reranker,
    probe_source,
    probe_vector_store,
    tried,
)
from muniment.collections.retrieving import first_stage_of, retriever_of
from muniment.collections.runtime import CollectionRuntime
from muniment.errors import NotFoundError, StorageError
from muniment.ingest.rows import row_ids
from muniment.types import Check, Document, SearchMode, StoredHit, Verification, form_of, text_of

SAMPLES = 20
"""Chunks, drawn at random, that are searched by their own text."""

_AMONG = 20
"""Passages among which each must be; others may be as near where texts repeat each other."""

_NAMED = 3
"""Examples that a finding names."""


class Verifying:
    """Tries out collections that are open."""

    def __init__(self, parts: Parts, generations: Generations) -> None:
        self._parts = parts
        self._generations = generations

    async def verify(
        self, live: CollectionRuntime, *, questions: Sequence[str], staged: bool, setup_only: bool
    ) -> Verification:
        """See ``Workspace.verify``."""
        runtime = await self._generations.staged_runtime(live.name) if staged else live
        checks = await self._setup(live)
        if not setup_only:
            checks.append(await tried(_name("counts", runtime), self._counts(runtime)))
            checks.append(await tried(_name("samples", runtime), self._samples(runtime)))
            checks += [await tried(f"question {asked!r}", self._asked(runtime, asked)) for asked in questions]
        return Verification(live.name, tuple(checks))

    async def _setup(self, runtime: CollectionRuntime) -> list[Check]:
        parts, wanted = self._parts, runtime.wanted.embedder
        checks = [
            await tried("disk", probe_disk(parts.settings.data_dir)),
            await tried("catalog", probe_catalog(parts.catalog)),
            await tried("file store", probe_file_store(parts.kept.store)),
        ]
        for number, source in enumerate(runtime.sources):
            checks.append(await tried(f"source {number}", probe_source(source)))
        checks.append(await tried(f"embedding model {wanted.name}", probe_embedder(wanted)))
        if runtime.settings.adopt is None:
            checks.append(await tried("vector store", probe_vector_store(parts.store, wanted)))
        checks.append(await tried(f"generator {runtime.generator.name}", probe_generator(runtime.generator)))
        if runtime.reranker is not None:
            checks.append(await tried(f"reranker {runtime.reranker.name}", probe_reranker(runtime.reranker)))
        return checks

    # -- what it holds

    async def _counts(self, runtime: CollectionRuntime) -> str:
        """Chunks of the catalog against rows of the index; StorageError ``counts_differ``."""
        index = runtime.open_index()
        if runtime.settings.adopt is not None:
            return f"{len(await index.ids())} rows; another server filled them, and keeps no catalog here"
        documents = await self._documents(runtime)
        expected = await self._rows(runtime, documents)
        present = await index.ids()
        missing, extra = expected - present, present - expected
        if missing or extra:
            raise StorageError(
                f"The catalog has {len(expected)} chunks and the index {len(present)} rows: {len(missing)} "
                f"are missing and {len(extra)} belong to no document.",
                code="counts_differ",
                hint="If a run is in progress, verify again at its end. Otherwise start `muniment status` or "
                "the server: the reconciler makes lost chunks again.",
            )
        done = sum(bool(document.chunks) for document in documents)
        others = len(documents) - done
        without = f"; {others} have none, `muniment status` says why" if others else ""
        told = f"{len(expected)} chunks of {done} documents are in the index, and no others{without}"
        return told + self._read_otherwise(runtime, documents)

    def _read_otherwise(self, runtime: CollectionRuntime, documents: Sequence[Document]) -> str:
        """A remark on documents whose chunks may have been made under a name of another format.

        Raises:
            StorageError: code ``read_as_another_format``: they have been, for certain.
        """
        form = self._parts.parser.form
        forms: dict[str, set[str]] = {}
        for one in documents:
            if one.chunks:
                forms.setdefault(one.document_id, {form_of(one.parser)}).add(form(one.name))
        wrong = {known for known, found in forms.items() if len(found - {""}) > 1}
        if wrong:
            names = [one.name for one in documents if one.document_id in wrong]
            raise StorageError(
                f"{len(wrong)} contents are read as one format and named as another: "
                f"{', '.join(names[:_NAMED])}.",
                code="read_as_another_format",
                hint=f"Read them anew with `muniment ingest {runtime.name} --rebuild`.",
            )
        older = sum("" in found for found in forms.values())
        if not older:
            return ""
        return (
            f"; {older} contents were read before their format was kept: if files have been renamed "
            f"to another format since, `muniment ingest {runtime.name} --rebuild` reads them anew"
        )

    async def _samples(self, runtime: CollectionRuntime) -> str:
        """Chunks drawn at random; StorageError ``chunks_not_found``, ``text_differs``."""
        index = runtime.open_index()
        ids = sorted(await index.ids())
        drawn = random.sample(ids, min(SAMPLES, len(ids)))
        hits = [hit for hit in await index.get(drawn) if hit.document_id in runtime.names]
        lost = [hit for hit in hits if not await self._is_found(runtime, hit)]
        if lost:
            raise StorageError(
                f"{len(lost)} of {len(hits)} chunks are not found by a search for their own text: "
                f"{self._examples(runtime, lost)}.",
                code="chunks_not_found",
                hint="Make all chunks anew with `muniment ingest NAME --rebuild`; if it stays so, check the "
                "vector store.",
            )
        changed = [hit for hit in hits if not await self._is_as_read(runtime, hit)]
        if changed:
            raise StorageError(
                f"{len(changed)} of {len(hits)} chunks say something else than the kept document at their "
                f"place: {self._examples(runtime, changed)}.",
                code="text_differs",
                hint="Make all chunks anew with `muniment ingest NAME --rebuild`.",
            )
        if not hits:
            return "nothing to search for"
        return f"{len(hits)} chunks drawn at random were found by their own text"

    async def _is_found(self, runtime: CollectionRuntime, hit: StoredHit) -> bool:
        most = self._parts.settings.server.max_question_chars
        text = hit.chunk.embedding_text[:most]
        if not text.strip():
            return True
        found = await first_stage_of(self._parts, runtime).search(text, mode=SearchMode.HYBRID, limit=_AMONG)
        return any(one.id == hit.id or one.chunk.text == hit.chunk.text for one in found.passages)

    async def _is_as_read(self, runtime: CollectionRuntime, hit: StoredHit) -> bool:
        """Whether the chunk is the text of the kept document at its place; given chunks have none."""
        if hit.document_id in runtime.given or runtime.settings.adopt is not None:
            return True
        find = partial(self._parts.catalog.documents_by_id, generation=runtime.number)
        document = (await asyncio.to_thread(find, runtime.name, [hit.document_id])).get(hit.document_id)
        if document is None:
            return True
        parsed = await self._parts.kept.load_parsed(document.content_hash, document.parser)
        return parsed is not None and text_of(parsed.text, hit.chunk.spans) == hit.chunk.text

    async def _asked(self, runtime: CollectionRuntime, question: str) -> str:
        """What a question finds; NotFoundError ``question_finds_nothing``."""
        found = await retriever_of(self._parts, runtime).search(question, limit=1)
        if not found.passages:
            raise NotFoundError(
                f"A search for {question!r} finds nothing.",
                code="question_finds_nothing",
                hint="Ingest the documents that say it; `muniment documents` lists what is there.",
            )
        best = found.passages[0]
        page = f", page {best.chunk.pages[0]}" if best.chunk.pages else ""
        return f"finds {best.document_name}{page}"

    # -- inside

    async def _documents(self, runtime: CollectionRuntime) -> tuple[Document, ...]:
        find = partial(self._parts.catalog.documents, generation=runtime.number)
        return await asyncio.to_thread(find, runtime.name)

    async def _rows(self, runtime: CollectionRuntime, documents: Sequence[Document]) -> set[int]:
        given = await asyncio.to_thread(self._parts.catalog.given.titles, runtime.name)
        spec = runtime.recipe.chunker_spec
        return set(given).union(*(row_ids(document, spec) for document in documents))

    def _examples(self, runtime: CollectionRuntime, hits: Sequence[StoredHit]) -> str:
        names = (f"{runtime.names[hit.document_id]}, chunk {hit.chunk.ordinal}" for hit in hits[:_NAMED])
        return "; ".join(names)


def _name(what: str, runtime: CollectionRuntime) -> str:
    return f"{what} of generation {runtime.number}" if runtime.building else what
