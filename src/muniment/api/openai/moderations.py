"""OpenAI's moderations: texts judged by a shield."""

from typing import Literal
from uuid import uuid4

from fastapi import Request
from pydantic import ConfigDict

from muniment.api.context import dialect_failures
from muniment.api.routing import Router
from muniment.api.safety import ShieldsOf
from muniment.api.streaming import until_disconnect
from muniment.api.wire.documented import Documented
from muniment.errors import NotOfferedError, TooLargeError
from muniment.safety.llama_guard import CATEGORIES
from muniment.safety.shields import Shield, Violation

router = Router(tags=["openai"])

MOST_TEXTS = 32
OPENAIS_MODELS = ("omni-moderation", "text-moderation")
"""Beginnings of names that stand for whatever judges here."""

OPENAIS_CATEGORIES: dict[str, tuple[str, ...]] = {
    "harassment": (),
    "harassment/threatening": (),
    "hate": ("S10",),
    "hate/threatening": (),
    "illicit": ("S2", "S9"),
    "illicit/violent": ("S9",),
    "self-harm": ("S11",),
    "self-harm/intent": (),
    "self-harm/instructions": (),
    "sexual": ("S3", "S4", "S12"),
    "sexual/minors": ("S4",),
    "violence": ("S1",),
    "violence/graphic": (),
}
"""The shield's categories by OpenAI's; those with none are always false."""


class _Sent(Documented):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ModerationPart(_Sent):
    """A part of one input; only text is judged."""

    type: str
    text: str | None = None


class ModerationRequest(_Sent):
    """Texts to be judged."""

    input: str | list[str] | list[ModerationPart]
    """A text, several texts, or the parts of one."""
    model: str | None = None
    """A shield, or the model behind one; the first shield when omitted, or when it is OpenAI's."""


class ModerationResult(_Sent):
    """What is said of one text."""

    flagged: bool
    categories: dict[str, bool]
    """By OpenAI's names, and by the shield's."""
    category_scores: dict[str, float]
    """1 or 0: the shield says no more."""
    category_applied_input_types: dict[str, list[Literal["text"]]]
    user_message: str | None
    """What to tell the user."""
    metadata: dict[str, list[str]]
    """`violation_type`: the codes of the categories."""


class Moderation(_Sent):
    """A judgement, as OpenAI gives it."""

    id: str
    model: str
    """The shield."""
    results: list[ModerationResult]


@router.post(
    "/moderations",
    summary="Judge texts",
    operation_id="create_moderation",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 504),
)
async def create_moderation(request: Request, asked: ModerationRequest, shields: ShieldsOf) -> Moderation:
    """Each text is judged as a message of the user."""
    is_openais = (asked.model or "").startswith(OPENAIS_MODELS)
    shield = await shields.named(None if is_openais or not asked.model else asked.model)
    judged = await until_disconnect(request, _judged(shield, _texts(asked)))
    return Moderation(id=f"modr-{uuid4().hex}", model=shield.identifier, results=judged)


async def _judged(shield: Shield, texts: list[str]) -> list[ModerationResult]:
    return [_result(await shield.judge([("user", text)]) if text.strip() else None) for text in texts]


def _texts(asked: ModerationRequest) -> list[str]:
    if isinstance(asked.input, str):
        return [asked.input]
    parts = [part for part in asked.input if isinstance(part, ModerationPart)]
    if any(part.type != "text" for part in parts):
        raise NotOfferedError("Images are not judged.", hint="Send text alone.")
    if parts:
        return ["\n".join(part.text or "" for part in parts)]
    texts = [text for text in asked.input if isinstance(text, str)]
    if len(texts) > MOST_TEXTS:
        raise TooLargeError(
            f"{len(texts)} texts were sent; at most {MOST_TEXTS} are judged at a time.",
            hint="Send them in several requests.",
        )
    return texts


def _result(violation: Violation | None) -> ModerationResult:
    codes = violation.codes if violation else ()
    found = {name: any(code in codes for code in meant) for name, meant in OPENAIS_CATEGORIES.items()}
    found |= {name: code in codes for code, name in CATEGORIES.items()}
    return ModerationResult(
        flagged=bool(codes),
        categories=found,
        category_scores={name: float(is_so) for name, is_so in found.items()},
        category_applied_input_types={name: ["text"] if is_so else [] for name, is_so in found.items()},
        user_message=violation.message if violation else None,
        metadata={"violation_type": list(codes)} if codes else {},
    )
