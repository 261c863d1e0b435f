"""Batches: many requests in a file, answered in the background into another."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import httpx
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.named_models import NamedModels, NamedModelsOf
from muniment.api.openai.batches.lines import REQUIRED
from muniment.api.openai.batches.running import UNFINISHED, Batch, KeptBatches, RunningBatches, Work
from muniment.api.openai.body import Body, FileId
from muniment.api.openai.identifiers import new_id
from muniment.api.openai.listing import After, ListPage, PageQuery
from muniment.api.routing import Router
from muniment.errors import ConflictError, InputError, NotFoundError
from muniment.types import JsonObject

router = Router(prefix="/batches", tags=["openai"])

DAY_S = 24 * 3600
OPENAI_CLIENT = {"user-agent": "OpenAI/batch"}
"""Whose shapes the answers in the files have."""


class CreateBatch(Body):
    """A file of requests. Other fields of OpenAI are ignored."""

    input_file_id: FileId
    """An uploaded file in JSON Lines: `custom_id`, `method` (POST), `url` (the endpoint) and `body` each."""
    endpoint: str = Field(max_length=200, examples=["/v1/chat/completions"])
    """Of all requests: chat completions, completions, embeddings or responses."""
    completion_window: Literal["24h"]
    """Shown again; the batch is worked through at once."""
    metadata: dict[str, str] | None = None
    """Kept with the batch."""
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)
    """Asked for again with the same key, it is the same batch."""


class BatchList(ListPage[Batch]):
    """Batches."""


async def _kept(services: ServicesOf) -> KeptBatches:
    return KeptBatches(services.resources)


async def _running(request: Request) -> RunningBatches:
    running: RunningBatches = request.app.state.batches
    return running


KeptOf = Annotated[KeptBatches, Depends(_kept)]
RunningOf = Annotated[RunningBatches, Depends(_running)]


@router.post(
    "",
    summary="Have a file of requests answered",
    operation_id="create_batch",
    responses=dialect_failures(400, 403, 409, 413, 501, 503, 507),
)
async def create_batch(
    asked: CreateBatch,
    request: Request,
    services: ServicesOf,
    models: NamedModelsOf,
    kept: KeptOf,
    running: RunningOf,
) -> Batch:
    """Ask for it until it is `completed`, `failed` or `cancelled`. A wrong line fails the whole batch."""
    if asked.endpoint not in REQUIRED:
        raise InputError(
            f"Invalid endpoint: {asked.endpoint!r} (invalid_value).",
            hint=f"Supported values: {', '.join(REQUIRED)}.",
        )
    now = int(time.time())
    batch = Batch(
        id=new_id("batch"),
        endpoint=asked.endpoint,
        input_file_id=asked.input_file_id,
        completion_window=asked.completion_window,
        created_at=now,
        expires_at=now + DAY_S,
        metadata=asked.metadata,
    )
    if asked.idempotency_key is not None:
        made = await kept.made_with(asked.idempotency_key, batch)
        if made is not None:
            return running.seen(made)
    await kept.keep(batch)
    work = Work(services.files, _sender(request.app), _asker(models))
    running.start(batch, work, kept)
    return batch


@router.get(
    "",
    summary="Every batch of requests",
    operation_id="list_batches",
    response_model=BatchList,
    responses=dialect_failures(400, 501, 503),
)
async def list_batches(
    kept: KeptOf,
    running: RunningOf,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Most batches of the page.")] = 20,
) -> Response:
    """Newest first."""
    batches = [running.seen(batch) for batch in await kept.list()]
    page = PageQuery(limit, "desc", after, None).page(batches, _id)
    return page.response(_id, lambda batch: batch.model_dump(mode="json"))


@router.get(
    "/{batch_id}",
    summary="One batch of requests",
    operation_id="get_batch",
    responses=dialect_failures(404, 501, 503),
)
async def get_batch(batch_id: str, kept: KeptOf, running: RunningOf) -> Batch:
    """How far it is, and the files with the answers."""
    return running.seen(await kept.get(batch_id))


@router.post(
    "/{batch_id}/cancel",
    summary="Stop a batch of requests",
    operation_id="cancel_batch",
    responses=dialect_failures(403, 404, 409, 501, 503, 507),
)
async def cancel_batch(batch_id: str, kept: KeptOf, running: RunningOf) -> Batch:
    """What was answered until then is not kept."""
    batch = running.seen(await kept.get(batch_id))
    if batch.status == "cancelled":
        return batch
    if batch.status not in UNFINISHED:
        raise ConflictError(
            f"Cannot cancel a batch with status '{batch.status}'.",
            code="batch_finished",
            hint="Delete its files with DELETE /v1/files/{file_id}.",
        )
    return running.cancel(batch)


def _id(batch: Batch) -> str:
    return batch.id


def _asker(models: NamedModels) -> Callable[[str], Awaitable[bool]]:
    async def is_model(name: str) -> bool:
        try:
            await models.get(name)
        except NotFoundError:
            return False
        return True

    return is_model


def _sender(app: FastAPI) -> Callable[[str, JsonObject], Awaitable[tuple[int, JsonObject]]]:
    """Sends requests to this server from within, so that they are checked and answered as any other."""

    async def send(endpoint: str, body: JsonObject) -> tuple[int, JsonObject]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://batch", timeout=None) as client:
            response = await client.post(endpoint, json=body, headers=OPENAI_CLIENT)
        answer: JsonObject = response.json()
        return response.status_code, answer

    return send
