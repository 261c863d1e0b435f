"""OpenAI's moderations, which are not offered: no model that judges texts is part of Muniment."""

from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict

from muniment.api.context import dialect_failures
from muniment.api.routing import Router
from muniment.api.wire.documented import Documented
from muniment.errors import NotOfferedError

router = Router(tags=["openai"])


class ModerationRequest(Documented):
    """Texts to be judged."""

    model_config = ConfigDict(frozen=True)

    input: str | list[Any]
    """A text, or several texts or parts."""
    model: str | None = None
    """The judging model or shield."""


class Moderation(BaseModel):
    """A judgement, as OpenAI gives it."""

    id: str
    model: str
    results: list[dict[str, Any]]


@router.post(
    "/moderations",
    summary="Judge texts: not offered",
    operation_id="create_moderation",
    response_model=Moderation,
    responses=dialect_failures(400, 403, 413, 501),
)
async def create_moderation(asked: ModerationRequest) -> NoReturn:
    """Always answers 501; a request of the wrong shape is told so first."""
    raise NotOfferedError(
        f"Moderation is not offered{f' (asked for: {asked.model[:200]!r})' if asked.model else ''}.",
        hint="Ask a safety model of your own, or a language model through /v1/chat/completions.",
    )
