"""Compaction: a long conversation becomes what the user said and a summary of the rest."""

import time
from typing import Literal

from fastapi import Request

from muniment.api.context import dialect_failures
from muniment.api.openai.identifiers import new_id, new_item_id
from muniment.api.openai.responses.input_items import InputItem
from muniment.api.openai.responses.objects import Response, ResponseUsage, Sent
from muniment.api.openai.responses.plan import Plan
from muniment.api.openai.responses.requests import ResponseRequest
from muniment.api.openai.responses.routes import KeptOf, PlannerOf
from muniment.api.openai.responses.running import new_response
from muniment.api.openai.responses.shapes import Lenient
from muniment.api.openai.responses.steps import said_by_model
from muniment.api.openai.responses.turn import COMPACTION, text_of_item
from muniment.api.routing import Router
from muniment.api.streaming import until_disconnect
from muniment.errors import InputError
from muniment.types import JsonObject

router = Router(prefix="/responses", tags=["responses"])

SUMMARIZE = """The conversation ends here and will be continued by somebody who sees only the user's \
messages and your summary. Write that summary, in the language spoken: what was found out and decided, \
the user's wishes and constraints, figures, names and sources that are still needed, and what remains to be \
done. Be brief. Add nothing that was not said."""


class CompactRequest(Lenient):
    """A conversation to compact. Other fields of OpenAI are ignored."""

    model: str | None = None
    """Who writes the summary; the default generator when omitted."""
    input: str | list[InputItem] | None = None
    """Its items."""
    previous_response_id: str | None = None
    """A kept response: it and those it continues stand before the items."""
    instructions: str | None = None
    """What the summary shall heed."""


class CompactedResponse(Sent):
    """The compacted conversation: `output` is the next request's input, or `id` its previous response."""

    id: str
    object: Literal["response.compaction"] = "response.compaction"
    created_at: int
    output: tuple[JsonObject, ...]
    """The user's messages, and a last item of type `compaction`."""
    usage: ResponseUsage


@router.post(
    "/compact",
    summary="Make a long conversation short",
    operation_id="compact_response",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 504, 507),
)
async def compact_response(
    asked: CompactRequest, request: Request, planner: PlannerOf, kept: KeptOf
) -> CompactedResponse:
    """The model summarises what was said; calls of functions are left out.

    `encrypted_content` of the compaction is the summary in plain text.
    """
    if not asked.input and not asked.previous_response_id:
        raise InputError(
            "Either 'input' or 'previous_response_id' must be provided.",
            hint="Name the conversation that is to be compacted.",
        )
    plan = await planner.plan(
        ResponseRequest(
            model=asked.model,
            input=asked.input or "",
            previous_response_id=asked.previous_response_id,
            tool_choice="none",
        )
    )
    wanted = f"{asked.instructions}\n\n{SUMMARIZE}" if asked.instructions else SUMMARIZE
    messages = [*plan.turn.messages, {"role": "user", "content": wanted}]
    summary, usage = await until_disconnect(request, said_by_model(plan, messages))
    output = _compacted(plan, summary)
    made = _made(plan, usage)
    await kept.keep(made, output)
    return CompactedResponse(id=made.id, created_at=made.created_at, output=tuple(output), usage=usage)


def _compacted(plan: Plan, summary: str) -> list[JsonObject]:
    said = [item for item in plan.turn.items if item.get("type", "message") == "message"]
    users = [_message(item) for item in said if item.get("role") == "user"]
    compaction = {"id": new_item_id(COMPACTION), "type": COMPACTION, "encrypted_content": summary}
    return [*users, compaction]


def _message(item: JsonObject) -> JsonObject:
    content = item["content"]
    parts = [{"type": "input_text", "text": text_of_item(item)}] if isinstance(content, str) else content
    shape = {"type": "message", "role": "user", "status": "completed", "content": parts}
    return {**shape, "id": new_item_id("message")}


def _made(plan: Plan, usage: ResponseUsage) -> Response:
    """What is kept: a response whose input is the compacted conversation, and which continues no other."""
    changes = {
        "id": new_id("resp"),
        "status": "completed",
        "completed_at": int(time.time()),
        "previous_response_id": None,
        "usage": usage,
    }
    return new_response(plan).model_copy(update=changes)
