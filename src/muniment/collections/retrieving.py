"""The retriever and the answerer of a collection at one of its generations."""

from muniment.answer.answerer import Answerer, AnswerSettings
from muniment.collections.documents import Documents
from muniment.collections.parts import Parts
from muniment.collections.runtime import CollectionRuntime
from muniment.retrieve import RerankedRetriever, Retriever, Searcher


def retriever_of(parts: Parts, runtime: CollectionRuntime) -> Searcher:
    """Finds passages in the generation that the runtime is at, in the order of its reranker if it has one."""
    return reranked(first_stage_of(parts, runtime), runtime)


def first_stage_of(parts: Parts, runtime: CollectionRuntime) -> Retriever:
    """Finds passages in the generation that the runtime is at, by the index alone."""
    return Retriever(
        embedder=runtime.embedder,
        index=runtime.open_index(),
        names=runtime.names,
        visible=runtime.names,
        max_question_chars=parts.settings.server.max_question_chars,
        collection=runtime.name,
    )


def reranked(first: Searcher, runtime: CollectionRuntime) -> Searcher:
    """The searcher with the collection's reranker behind it, if it has one."""
    if runtime.reranker is None:
        return first
    return RerankedRetriever(first, runtime.reranker, runtime.settings.rerank_candidates)


def answerer_of(parts: Parts, documents: Documents, runtime: CollectionRuntime) -> Answerer:
    """Answers from the generation that the runtime is at, with the collection's own generator."""
    return Answerer(
        retriever_of(parts, runtime),
        runtime.generator,
        lambda passage: documents.parsed(passage.collection, passage.document_id, generation=runtime.number),
        AnswerSettings(runtime.name, runtime.settings.top_k),
        embedder=runtime.embedder,
    )
