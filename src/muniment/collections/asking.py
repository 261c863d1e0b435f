"""Searching collections, and answering from them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from muniment.answer.answerer import Answerer, AnswerSettings
from muniment.answer.briefing import PLAIN, Briefing
from muniment.answer.events import AnswerEvent, Finished
from muniment.collections.documents import Documents
from muniment.collections.parts import Parts
from muniment.collections.retrieving import first_stage_of, reranked, retriever_of
from muniment.collections.runtime import CollectionRuntime
from muniment.collections.services import Searched
from muniment.collections.stores import Stores
from muniment.errors import NotFoundError, StorageError, UnavailableError
from muniment.protocols import Generator
from muniment.retrieve import JoinedRetriever
from muniment.types import Filter, SearchMode, SearchResult

if TYPE_CHECKING:
    from muniment.answerability import Answerability


class Asking:
    """Questions to collections.

    Args:
        on_hole: called when a search finds that something is not where it should be.
    """

    def __init__(
        self, parts: Parts, documents: Documents, stores: Stores, on_hole: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._documents = documents
        self._stores = stores
        self._on_hole = on_hole
        self._answerability: Answerability | None = None

    async def search(
        self,
        collection: str,
        query: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 10,
        filter: Filter | None = None,
    ) -> SearchResult:
        """The passages that fit best; see ``Workspace.search``."""
        runtime = self._parts.runtime(collection)
        await self._stores.refresh(runtime)
        notes = await self._missing(runtime)
        try:
            found = await retriever_of(self._parts, runtime).search(
                query, mode=mode, limit=limit, filter=filter
            )
        except (StorageError, UnavailableError, NotFoundError):
            self._on_hole()
            raise
        notes = (*notes, *found.notes)
        return SearchResult(collection, query, mode, found.passages, found.timings, notes)

    async def answer_from(
        self,
        searched: Searched,
        question: str,
        *,
        generator: Generator | str | None = None,
        briefing: Briefing = PLAIN,
    ) -> AsyncIterator[AnswerEvent]:
        """One answer from several collections; see ``ServedWorkspace.answer_from``."""
        runtimes = [self._parts.runtime(name) for name in dict.fromkeys(searched.collections)]
        missing: list[str] = []
        for runtime in runtimes:
            await self._stores.refresh(runtime)
            missing += await self._missing(runtime)
        if generator is None or isinstance(generator, str):
            generator = self._parts.generator(runtimes[0], generator)
        settings = AnswerSettings(
            ", ".join(runtime.name for runtime in runtimes),
            searched.limit or runtimes[0].settings.top_k,
            searched.mode,
            searched.fits,
            briefing,
            runtimes[0].settings.rewrite_follow_ups,
            min(self._parts.settings.abstains_below(runtime.settings) for runtime in runtimes),
            self._parts.settings.answers.ask_model,
        )
        # A new generation may be promoted meanwhile: what was found is read back as it was found.
        numbers = {runtime.name: runtime.number for runtime in runtimes}
        answerer = Answerer(
            # One reranker judges what all of them found, as one generator writes from it.
            reranked(
                JoinedRetriever([first_stage_of(self._parts, runtime) for runtime in runtimes]), runtimes[0]
            ),
            generator,
            lambda passage: self._documents.parsed(
                passage.collection, passage.document_id, generation=numbers[passage.collection]
            ),
            settings,
            embedder=runtimes[0].embedder,
            answerability=self._judge(),
        )
        try:
            async for event in answerer.stream(question, filter=searched.filter):
                if isinstance(event, Finished) and missing:
                    answer = event.answer
                    event = Finished(replace(answer, notes=(*missing, *answer.notes)))
                yield event
        except (StorageError, UnavailableError, NotFoundError):
            self._on_hole()
            raise

    def _judge(self) -> "Answerability":
        if self._answerability is None:
            # It needs numpy, which a server that is asked nothing can do without.
            from muniment.answerability import Answerability

            self._answerability = Answerability()
        return self._answerability

    async def _missing(self, runtime: CollectionRuntime) -> tuple[str, ...]:
        """What whoever asks now must know: that not everything, or nothing, can be found."""
        if runtime.gap:
            return (runtime.gap,)
        if runtime.names:
            return ()
        runs = await asyncio.to_thread(self._parts.catalog.runs.list, runtime.name, 1)
        why = "Put files where its sources look, and ingest."
        if runs and runs[0].error:
            why = f"The last run failed: {runs[0].error} {runs[0].hint}"
        return (f"Collection {runtime.name} holds no documents. {why}",)
