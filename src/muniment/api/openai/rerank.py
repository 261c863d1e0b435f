"""Ranking texts by how well they answer a query, in the shape that vLLM, Jina, Cohere and llama.cpp share."""

import secrets

from fastapi import Request
from pydantic import Field

from muniment.answer.tokens import estimate_tokens
from muniment.api.context import ServicesOf, SettingsOf, dialect_failures
from muniment.api.openai.body import Body
from muniment.api.reranking import ranked_texts
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import InputError
from muniment.settings import Settings

router = Router(prefix="/rerank", tags=["rerank"])

MAX_DOCUMENTS = 1000


class RerankText(Body):
    """A text as an object."""

    text: str


class RerankRequest(Body):
    """Texts to be put in the order in which they answer a query."""

    model: str | None = Field(default=None, examples=["all-MiniLM-L6-v2"])
    """A reranker, an embedding model, or a registered name; `default_reranker`, or the only reranker there
    is, when omitted."""
    query: str = Field(min_length=1, examples=["annual leave"])
    documents: list[str | RerankText] = Field(
        min_length=1, max_length=MAX_DOCUMENTS, examples=[["Employees have 28 days.", "The pump runs dry."]]
    )
    top_n: int | None = Field(default=None, ge=0)
    """The best of them alone; all when omitted or 0."""
    return_documents: bool | None = None
    """Whether the texts are sent back; they are, unless false."""


class RerankResult(Wire):
    """A text, by its place in the request."""

    index: int
    document: RerankText | None = None
    relevance_score: float
    """Higher is better. The reranker's; of an embedding model the cosine."""


class RerankUsage(Wire):
    """What was read."""

    total_tokens: int
    """Tokens of query and texts, estimated."""


class RerankResponse(Wire):
    """The texts, best first."""

    id: str
    model: str
    """As it was asked for."""
    usage: RerankUsage
    results: tuple[RerankResult, ...]


@router.post(
    "",
    summary="Rank texts by how well they answer a query",
    operation_id="rerank",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 504),
)
async def rerank(
    asked: RerankRequest, request: Request, services: ServicesOf, settings: SettingsOf
) -> RerankResponse:
    """As vLLM, llama.cpp, Jina and Cohere do it."""
    model = asked.model or _only_reranker(services, settings)
    texts = [one if isinstance(one, str) else one.text for one in asked.documents]
    ranked = await until_disconnect(
        request, ranked_texts(services, model, asked.query, texts, asked.top_n or None)
    )
    shown = asked.return_documents is not False
    return RerankResponse(
        id=f"rerank-{secrets.token_hex(12)}",
        model=model,
        usage=RerankUsage(
            total_tokens=sum(map(estimate_tokens, texts)) + len(texts) * estimate_tokens(asked.query)
        ),
        results=tuple(
            RerankResult(
                index=one.index,
                document=RerankText(text=texts[one.index]) if shown else None,
                relevance_score=one.score,
            )
            for one in ranked
        ),
    )


def _only_reranker(services: Services, settings: Settings) -> str:
    known = services.rerankers.known
    if settings.default_reranker in known:
        return str(settings.default_reranker)
    if len(known) == 1:
        return known[0]
    raise InputError(
        f"model: none is named, and there are {len(known)} rerankers.",
        code="model_required",
        hint=f"Name one of {', '.join(known)}."
        if known
        else "Name an embedding model, or declare a reranker.",
    )
