"""Scores of texts for a query, for the routes that rank what a client sends."""

from dataclasses import dataclass

import numpy as np

from muniment.collections.services import Services
from muniment.errors import NotFoundError, unknown_name


@dataclass(frozen=True, slots=True)
class RankedText:
    """A text by its place in the request, from 0, and its score."""

    index: int
    score: float


async def ranked_texts(
    services: Services, model: str, query: str, texts: list[str], most: int | None = None
) -> list[RankedText]:
    """The best ``most`` texts, best first; all when omitted. Equal ones keep their order.

    ``model`` is a reranker, or an embedding model, whose cosines are the scores then.

    Raises:
        NotFoundError: code ``unknown_model``.
        MunimentError: the model does not answer, or refuses.
    """
    scores = await _scores(services, model, query, texts)
    order = sorted(range(len(texts)), key=lambda place: -scores[place])
    return [RankedText(place, scores[place]) for place in order[:most]]


async def _scores(services: Services, model: str, query: str, texts: list[str]) -> list[float]:
    try:
        reranker = await services.rerankers.find(model)
    except NotFoundError:
        return await _cosines(services, model, query, texts)
    return await reranker.score(query, texts) if texts else []


async def _cosines(services: Services, model: str, query: str, texts: list[str]) -> list[float]:
    models = services.embedding_models
    try:
        name = models.resolve(model)
    except NotFoundError:
        known = [*services.rerankers.known, *models.known]
        raise unknown_name("reranker", model[:200], known, code="unknown_model") from None
    if not texts:
        return []
    embedder = await models.get(name)
    vector = await embedder.embed_query(query)
    cosines: list[float] = np.asarray(await embedder.embed_texts(texts, urgent=True) @ vector).tolist()
    return cosines
