"""Embeds the question, searches the index, and names the documents."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace

from muniment.errors import InputError
from muniment.protocols import Embedder, VectorIndex
from muniment.retrieve.provisions import names_provision, provisions_first
from muniment.retrieve.relevance import with_relevance
from muniment.telemetry import Timings
from muniment.types import Filter, Passage, SearchMode, StoredHit, VectorQuery

DocumentNames = Mapping[str, str] | Callable[[str], str | None]
"""Names by document id, or what finds one; a document without a name goes by its id."""

MAX_QUESTION_CHARS = 8000
WIDER = 8
"""How much wider to search when something found may not be shown."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Passages, best first, and the milliseconds each stage took (``embed``, ``search``, ``rerank``).

    ``notes`` say what whoever reads them must know.
    """

    passages: tuple[Passage, ...]
    timings: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Retriever:
    """Finds passages in one index.

    Args:
        embedder: the model that made the index's vectors.
        index: where the chunks are.
        names: document names by id.
        max_question_chars: longest question taken.
        visible: ids of the documents that may be found; all when omitted. Chunks of a document that
            is still being written stay out by it.
        collection: the name of what is searched; every passage carries it.
    """

    def __init__(
        self,
        embedder: Embedder,
        index: VectorIndex,
        names: DocumentNames,
        *,
        max_question_chars: int = MAX_QUESTION_CHARS,
        visible: Container[str] | None = None,
        collection: str = "",
    ) -> None:
        self._embedder = embedder
        self._index = index
        self._names = names
        self._max_question_chars = max_question_chars
        self._visible = visible
        self._collection = collection

    async def search(
        self,
        question: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 8,
        filter: Filter | None = None,
    ) -> Retrieval:
        """The best ``limit`` passages for a question.

        Raises:
            InputError: codes ``question_empty``, ``question_too_long``, ``invalid_limit``,
                ``invalid_filter``.
            UnavailableError, StorageError: embedding model or store failed.
        """
        question = self._checked(question, limit)
        timings = Timings()
        vector = None
        if mode is not SearchMode.KEYWORD:
            with timings.stage("embed"):
                vector = await self._embedder.embed_query(question)
        with timings.stage("search"):
            hits = await self._hits(VectorQuery(mode, limit, question, vector, filter))
            passages = with_relevance(question, [self._passage(hit) for hit in hits])
        return Retrieval(passages, timings.milliseconds)

    async def _hits(self, query: VectorQuery) -> list[StoredHit]:
        if not names_provision(query.text):
            return await self._visible_hits(query)
        wider = await self._visible_hits(replace(query, limit=query.limit * WIDER))
        return provisions_first(query.text, wider)[: query.limit]

    async def _visible_hits(self, query: VectorQuery) -> list[StoredHit]:
        hits = await self._index.search(query)
        visible = self._visible
        if visible is None or all(hit.document_id in visible for hit in hits):
            return hits
        # Few documents are being written at a time, so a wider search finds enough of the others.
        wider = await self._index.search(replace(query, limit=query.limit * WIDER))
        return [hit for hit in wider if hit.document_id in visible][: query.limit]

    def _checked(self, question: str, limit: int) -> str:
        if limit < 1:
            raise InputError(
                f"A search for {limit} passages was asked for; at least 1 is expected.",
                code="invalid_limit",
                hint="Ask for 1 passage or more.",
            )
        if not question.strip():
            raise InputError("The question is empty.", code="question_empty", hint="Send some words.")
        if len(question) > self._max_question_chars:
            raise InputError(
                f"The question has {len(question)} characters; at most {self._max_question_chars} are taken.",
                code="question_too_long",
                hint="Shorten it, or raise server.max_question_chars.",
            )
        return question.strip()

    def _passage(self, hit: StoredHit) -> Passage:
        names = self._names
        name = names(hit.document_id) if callable(names) else names.get(hit.document_id)
        return Passage(
            id=hit.id,
            document_id=hit.document_id,
            document_name=name or hit.document_id,
            chunk=hit.chunk,
            score=hit.score,
            scores=hit.scores,
            metadata=hit.metadata,
            collection=self._collection,
        )
