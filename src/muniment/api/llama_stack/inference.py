"""Llama Stack 0.2's inference: chat, completion, embeddings, batches, reranking."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np
from fastapi import Request
from fastapi.responses import Response
from numpy.typing import NDArray
from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from muniment.api.context import DialectOf, ServicesOf, dialect_failures, event_stream
from muniment.api.dialects.base import Dialect
from muniment.api.llama_stack.chat_replies import chat_chunks, chat_completion, text_chunks, text_completion
from muniment.api.llama_stack.chat_requests import chat_request, plain_text, text_request
from muniment.api.llama_stack.inference_wire import (
    BatchChatCompletion,
    BatchChatCompletionRequest,
    BatchCompletion,
    BatchCompletionRequest,
    ChatCompletion,
    ChatCompletionRequest,
    Completion,
    CompletionRequest,
    Embeddings,
    EmbeddingsRequest,
    Reranked,
    RerankedItem,
    RerankRequest,
    TextPart,
)
from muniment.api.named_models import NamedModelsOf
from muniment.api.reranking import ranked_texts
from muniment.api.routing import Router
from muniment.api.streaming import event_response, sent_event, until_disconnect
from muniment.errors import InputError, MunimentError
from muniment.protocols import CompletionModel, Embedder, JsonObject

router = Router(tags=["llama stack"])

AT_ONCE = 8
"""Requests of a batch that a model works on at a time."""

COUNTING = {"stream_options": {"include_usage": True}}

EVENTS = "With `stream`: one event for each piece, the last with the stop reason. No sign of the end follows."
MODEL_FAILURES = dialect_failures(400, 403, 404, 413, 501, 503, 504)


@router.post(
    "/v1/inference/chat-completion",
    summary="Go on with a conversation",
    operation_id="inference_chat_completion",
    response_model=ChatCompletion,
    responses={
        **MODEL_FAILURES,
        200: {"description": "The reply; events when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def inference_chat_completion(
    asked: ChatCompletionRequest, request: Request, models: NamedModelsOf, dialect: DialectOf
) -> Response | ChatCompletion:
    """As `POST /v1/chat/completions`, in Llama Stack's words."""
    model = await models.chat(asked.model_id)
    sent = chat_request(asked, asked.messages)
    if asked.stream:
        return await _streamed(request, _chat_stream(model, sent), dialect)
    return chat_completion(await until_disconnect(request, _completion(model, sent)))


@router.post(
    "/v1/inference/completion",
    summary="Continue a text, as Llama Stack does",
    operation_id="inference_completion",
    response_model=Completion,
    responses={
        **MODEL_FAILURES,
        200: {"description": "The text; events when `stream` is set.", "content": event_stream(EVENTS)},
    },
)
async def inference_completion(
    asked: CompletionRequest, request: Request, models: NamedModelsOf, dialect: DialectOf
) -> Response | Completion:
    """As `POST /v1/completions`, in Llama Stack's words."""
    model = await models.text(asked.model_id)
    sent = text_request(asked, asked.content)
    if asked.stream:
        return await _streamed(request, _text_stream(model, sent), dialect)
    return text_completion(await until_disconnect(request, _completion(model, sent)))


@router.post(
    "/v1/inference/batch-chat-completion",
    summary="Go on with several conversations",
    operation_id="inference_batch_chat_completion",
    responses=MODEL_FAILURES,
)
async def inference_batch_chat_completion(
    asked: BatchChatCompletionRequest, request: Request, models: NamedModelsOf
) -> BatchChatCompletion:
    """One reply each, in their order; when one fails, all do."""
    model = await models.chat(asked.model_id)
    sent = [chat_request(asked, messages) for messages in asked.messages_batch]
    replies = await until_disconnect(request, _completions(model, sent))
    return BatchChatCompletion(batch=[chat_completion(reply) for reply in replies])


@router.post(
    "/v1/inference/batch-completion",
    summary="Continue several texts",
    operation_id="inference_batch_completion",
    responses=MODEL_FAILURES,
)
async def inference_batch_completion(
    asked: BatchCompletionRequest, request: Request, models: NamedModelsOf
) -> BatchCompletion:
    """One continuation each, in their order; when one fails, all do."""
    model = await models.text(asked.model_id)
    sent = [text_request(asked, content) for content in asked.content_batch]
    replies = await until_disconnect(request, _completions(model, sent))
    return BatchCompletion(batch=[text_completion(reply) for reply in replies])


@router.post(
    "/v1/inference/embeddings",
    summary="Embed texts, as Llama Stack does",
    operation_id="inference_embeddings",
    responses=MODEL_FAILURES,
)
async def inference_embeddings(
    asked: EmbeddingsRequest, request: Request, services: ServicesOf
) -> Embeddings:
    """Texts longer than the model reads are cut. With `task_type` `query` as a search embeds its query."""
    embedder = await services.embedding_models.get(asked.model_id)
    if asked.output_dimension not in (None, embedder.dimension):
        raise InputError(
            f"Embedding model {asked.model_id!r} has {embedder.dimension} dimensions, "
            f"not {asked.output_dimension}.",
            code="wrong_dimension",
            hint=f"Leave `output_dimension` out, or give {embedder.dimension}.",
        )
    texts = [plain_text(content) for content in asked.contents]
    if asked.text_truncation == "start":
        texts = [_last_tokens(text, embedder) for text in texts]
    if asked.task_type == "query":
        vectors = await until_disconnect(request, _queries(embedder, texts))
    else:
        vectors = await until_disconnect(request, embedder.embed_texts(texts, urgent=True))
    return Embeddings(embeddings=[[float(number) for number in vector] for vector in vectors])


@router.post(
    "/v1/inference/rerank",
    summary="Order items by their nearness to a query",
    operation_id="inference_rerank",
    responses=MODEL_FAILURES,
)
@router.post(
    "/v1alpha/inference/rerank",
    summary="Order items by their nearness to a query, where later versions look for it",
    operation_id="inference_rerank_alpha",
    responses=MODEL_FAILURES,
)
async def inference_rerank(asked: RerankRequest, request: Request, services: ServicesOf) -> Reranked:
    """By a reranker, or by the cosines of an embedding model when `model` names one."""
    query, items = _part_text(asked.query), [_part_text(item) for item in asked.items]
    ranked = await until_disconnect(
        request, ranked_texts(services, asked.model, query, items, asked.max_num_results)
    )
    return Reranked(data=[RerankedItem(index=one.index, relevance_score=one.score) for one in ranked])


async def _completion(model: CompletionModel, sent: JsonObject) -> JsonObject:
    return await model.complete(sent)


async def _completions(model: CompletionModel, requests: list[JsonObject]) -> list[JsonObject]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(sent: JsonObject) -> JsonObject:
        async with places:
            return await model.complete(sent)

    tasks = [asyncio.create_task(one(sent)) for sent in requests]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _chat_stream(model: CompletionModel, sent: JsonObject) -> AsyncGenerator[BaseModel, None]:
    async with aclosing(model.stream({**sent, **COUNTING})) as chunks, aclosing(chat_chunks(chunks)) as steps:
        async for step in steps:
            yield step


async def _text_stream(model: CompletionModel, sent: JsonObject) -> AsyncGenerator[BaseModel, None]:
    async with aclosing(model.stream({**sent, **COUNTING})) as chunks, aclosing(text_chunks(chunks)) as steps:
        async for step in steps:
            yield step


async def _streamed(request: Request, steps: AsyncGenerator[BaseModel, None], dialect: Dialect) -> Response:
    def on_error(error: MunimentError) -> list[ServerSentEvent]:
        return [sent_event(dialect.stream_error(error).model_dump_json())]

    def encode(step: BaseModel) -> list[ServerSentEvent]:
        return [sent_event(step.model_dump_json())]

    return await event_response(request, steps, encode, on_error)


async def _queries(embedder: Embedder, texts: list[str]) -> NDArray[np.float32]:
    vectors = await asyncio.gather(*(embedder.embed_query(text) for text in texts))
    return np.stack(vectors) if vectors else np.zeros((0, embedder.dimension), np.float32)


def _last_tokens(text: str, embedder: Embedder) -> str:
    """The end of a text, as much as the model reads."""
    offsets = embedder.tokenizer.offsets(text)
    return text[offsets[-embedder.max_tokens][0] :] if len(offsets) > embedder.max_tokens else text


def _part_text(part: str | TextPart) -> str:
    return part if isinstance(part, str) else part.text
