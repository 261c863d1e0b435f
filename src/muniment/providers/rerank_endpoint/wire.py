"""The two shapes of ``/rerank``: what is sent, and what comes back.

``jina`` is that of vLLM (``RerankRequest`` and ``RerankResponse`` of its pooling entrypoints), of llama.cpp's
server, Jina and Cohere; ``tei`` is that of Text Embeddings Inference (``RerankRequest`` and ``Rank`` of its
router). Both send the best first, so the places in the request are read from ``index``.
"""

from collections.abc import Sequence

from pydantic import AliasChoices, BaseModel, Field, TypeAdapter, ValidationError

from muniment.protocols import JsonObject
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions


class _Scored(BaseModel):
    index: int
    score: float = Field(validation_alias=AliasChoices("relevance_score", "score"), allow_inf_nan=False)


class _Reply(BaseModel):
    results: list[_Scored]


_RANKS = TypeAdapter(list[_Scored])


def request_body(options: RerankEndpointOptions, query: str, texts: Sequence[str]) -> JsonObject:
    """The body of one request."""
    if options.api == "tei":
        return {"query": query, "texts": list(texts), "truncate": True, "raw_scores": False}
    body: JsonObject = {"query": query, "documents": list(texts)}
    if options.model:
        body["model"] = options.model
    if options.truncate_prompt_tokens is not None:
        body["truncate_prompt_tokens"] = options.truncate_prompt_tokens
    return body


def scores_in(options: RerankEndpointOptions, reply: bytes, count: int) -> list[float]:
    """The scores in the order of the texts.

    Raises:
        ValueError: it is no such reply, or does not hold one finite score for each of ``count`` texts.
    """
    try:
        if options.api == "tei":
            found = _RANKS.validate_json(reply)
        else:
            found = _Reply.model_validate_json(reply).results
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from error
    if sorted(one.index for one in found) != list(range(count)):
        raise ValueError(f"{len(found)} scores for {count} texts, or not one for each")
    return [one.score for one in sorted(found, key=lambda one: one.index)]
