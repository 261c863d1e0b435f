"""Batches that are kept, and the tasks that work through them."""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from muniment.api.openai.batches.lines import IsModel, Line, Problem, read_lines
from muniment.api.openai.identifiers import new_id
from muniment.api.wire.base import Wire
from muniment.catalog.resources import Resources
from muniment.collections.files import Files
from muniment.errors import ConflictError, MunimentError, NotFoundError
from muniment.types import JsonObject, Resource

BATCH, KEY = "batch", "batch_key"
AT_A_TIME = 4
UNFINISHED = ("validating", "in_progress", "finalizing", "cancelling")
Status = Literal["validating", "failed", "in_progress", "finalizing", "completed", "cancelling", "cancelled"]
Send = Callable[[str, JsonObject], Awaitable[tuple[int, JsonObject]]]
"""Sends a body to an endpoint of this server; gives status and answer."""


class RequestCounts(Wire):
    """How far a batch is."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class Problems(Wire):
    """Why a batch failed."""

    object: Literal["list"] = "list"
    data: tuple[Problem, ...]


class Batch(Wire):
    """Requests that are worked through in the background; times are Unix seconds."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    input_file_id: str
    completion_window: str
    status: Status = "validating"
    created_at: int
    expires_at: int | None = None
    in_progress_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    errors: Problems | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    request_counts: RequestCounts = RequestCounts()
    metadata: dict[str, str] | None = None

    def at(self, status: Status, **changes: str | int | RequestCounts | Problems | None) -> "Batch":
        """The batch in another state, from now on."""
        return self.model_copy(update={"status": status, f"{status}_at": int(time.time()), **changes})


@dataclass(frozen=True, slots=True)
class Work:
    """What a batch needs to be worked through."""

    files: Files
    send: Send
    is_model: IsModel


class KeptBatches:
    """Reads and writes batches."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def get(self, batch_id: str) -> Batch:
        """The batch; NotFoundError ``unknown_request_batch``."""
        kept = await asyncio.to_thread(self._resources.get, BATCH, batch_id)
        if kept is None:
            raise NotFoundError(
                f"No batch found with id {batch_id[:100]!r}.",
                code="unknown_request_batch",
                hint="GET /v1/batches lists those there are.",
            )
        return _batch(kept)

    async def list(self) -> tuple[Batch, ...]:
        """All, oldest first."""
        return tuple(_batch(kept) for kept in await asyncio.to_thread(self._resources.list, BATCH))

    async def keep(self, batch: Batch) -> None:
        """Keep it in place of what was kept of it."""
        body = batch.model_dump(mode="json")
        await asyncio.to_thread(self._resources.add, BATCH, [(batch.id, body)])

    async def made_with(self, key: str, batch: Batch) -> Batch | None:
        """The batch that was made with an idempotency key, or None.

        Raises:
            ConflictError: code ``idempotency_conflict``: something else was asked for with it.
        """
        kept = await asyncio.to_thread(self._resources.get, KEY, key)
        if kept is None:
            await asyncio.to_thread(self._resources.add, KEY, [(key, {"batch": batch.id})])
            return None
        made = await self.get(kept.body["batch"])
        same = ("endpoint", "input_file_id", "completion_window", "metadata")
        if any(getattr(made, name) != getattr(batch, name) for name in same):
            raise ConflictError(
                f"Conflict: idempotency key {key[:100]!r} was used for a batch with other parameters.",
                code="idempotency_conflict",
                hint="Use a new key.",
            )
        return made


class RunningBatches:
    """The batches that this server works through."""

    def __init__(self) -> None:
        self._since = int(time.time())
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._now: dict[str, Batch] = {}
        self._begun: set[str] = set()

    def start(self, batch: Batch, work: Work, kept: KeptBatches) -> None:
        """Work through it in the background."""
        self._now[batch.id] = batch
        self._begun.add(batch.id)
        task = asyncio.create_task(self._run(batch.id, work, kept))
        self._tasks[batch.id] = task
        task.add_done_callback(lambda _: self._forget(batch.id))

    def seen(self, batch: Batch) -> Batch:
        """The batch as it stands: one that a server no longer there worked on has failed."""
        if batch.id in self._now:
            return self._now[batch.id]
        # One that was begun here was finished and kept since it was read: it was not stopped.
        if batch.status not in UNFINISHED or batch.created_at > self._since or batch.id in self._begun:
            return batch
        stopped = Problem(code="stopping", message="The server was stopped before the batch was finished.")
        return batch.at("failed", errors=Problems(data=(stopped,)), failed_at=batch.created_at)

    def cancel(self, batch: Batch) -> Batch:
        """The batch, which is being stopped; one that is not being worked on stays as it is."""
        now = self.seen(batch)
        if batch.id not in self._tasks or now.status == "cancelling":
            return now
        self._now[batch.id] = now.at("cancelling")
        self._tasks[batch.id].cancel()
        return self._now[batch.id]

    async def aclose(self) -> None:
        """Stop all."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, batch_id: str) -> None:
        self._tasks.pop(batch_id, None)
        self._now.pop(batch_id, None)

    async def _run(self, batch_id: str, work: Work, kept: KeptBatches) -> None:
        try:
            await self._work_through(batch_id, work)
        except asyncio.CancelledError:
            if self._now[batch_id].status != "cancelling":
                raise
            self._now[batch_id] = self._now[batch_id].at("cancelled")
        except MunimentError as error:
            self._fail(batch_id, (Problem(code=error.code, message=f"{error.message} {error.hint}"),))
        await kept.keep(self._now[batch_id])

    async def _work_through(self, batch_id: str, work: Work) -> None:
        batch = self._now[batch_id]
        try:
            content = await work.files.content(batch.input_file_id)
        except NotFoundError:
            text = f"Cannot find file {batch.input_file_id[:100]}."
            self._fail(batch_id, (Problem(code="invalid_request", message=text, param="input_file_id"),))
            return
        lines, problems = await read_lines(content, batch.endpoint, work.is_model)
        if problems:
            self._fail(batch_id, problems)
            return
        counts = RequestCounts(total=len(lines))
        self._now[batch_id] = batch.at("in_progress", request_counts=counts)
        answered = await self._answered(batch_id, lines, work)
        self._now[batch_id] = self._now[batch_id].at("finalizing")
        good = [one for one in answered if one["error"] is None]
        bad = [one for one in answered if one["error"] is not None]
        written = {
            "output_file_id": await _written(work.files, batch_id, "output", good),
            "error_file_id": await _written(work.files, batch_id, "error", bad),
        }
        self._now[batch_id] = self._now[batch_id].at("completed", **written)

    async def _answered(self, batch_id: str, lines: tuple[Line, ...], work: Work) -> list[JsonObject]:
        """The lines of the files with the answers, in the requests' order."""
        free = asyncio.Semaphore(AT_A_TIME)
        endpoint = self._now[batch_id].endpoint

        async def answer(line: Line) -> JsonObject:
            async with free:
                status, body = await work.send(endpoint, line.body)
            self._count(batch_id, good=status < 400)
            made: JsonObject = {"id": new_id("batch_req"), "custom_id": line.custom_id}
            response = {"status_code": status, "request_id": new_id("req"), "body": body}
            return {**made, "response": response, "error": None if status < 400 else _error(body)}

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(answer(line)) for line in lines]
        return [task.result() for task in tasks]

    def _count(self, batch_id: str, *, good: bool) -> None:
        counts = self._now[batch_id].request_counts
        name = "completed" if good else "failed"
        counted = counts.model_copy(update={name: getattr(counts, name) + 1})
        self._now[batch_id] = self._now[batch_id].model_copy(update={"request_counts": counted})

    def _fail(self, batch_id: str, problems: tuple[Problem, ...]) -> None:
        self._now[batch_id] = self._now[batch_id].at("failed", errors=Problems(data=problems))


async def _written(files: Files, batch_id: str, kind: str, lines: list[JsonObject]) -> str | None:
    if not lines:
        return None
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        return (await files.save(f"{batch_id}_{kind}.jsonl", "batch_output", path)).id


def _error(body: JsonObject) -> JsonObject:
    """Code and message of an answer in OpenAI's shape."""
    error = body.get("error") or {}
    return {"code": str(error.get("code") or "error"), "message": str(error.get("message") or "")}


def _batch(kept: Resource) -> Batch:
    return Batch.model_validate(kept.body)
