"""Shields: those of the settings and those that clients register; running them."""

from typing import Any, Literal

from fastapi import Request
from pydantic import Field

from muniment.api.context import ServicesOf, SettingsOf, dialect_failures
from muniment.api.llama_stack.content import Interleaved, text_of
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.routing import Router
from muniment.api.safety import ShieldsOf
from muniment.api.streaming import until_disconnect
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import ConflictError, NotOfferedError
from muniment.safety.shields import Violation
from muniment.settings import Settings
from muniment.types import JsonObject

SHIELD_PROVIDER = "llama-guard"

router = Router(tags=["llama stack"])


class ShieldRequest(Asked):
    """A shield to be."""

    shield_id: Text = Field(min_length=1)
    provider_shield_id: Text | None = None
    provider_id: Text | None = None
    params: Given | None = None


class ShieldWire(Wire):
    """A shield."""

    identifier: str
    provider_resource_id: str
    provider_id: str
    type: str = "shield"
    params: dict[str, Any]
    warning: str | None = None
    """When it was registered: why it cannot be run."""


class ShieldList(Wire):
    """All shields."""

    data: tuple[ShieldWire, ...]


class ShieldMessage(Asked):
    """A message; one of the role `system` is left out."""

    role: Literal["user", "assistant", "system", "tool"]
    content: Interleaved = ""


class RunShieldRequest(Asked):
    """Messages of which the last is judged; the others are what was said before."""

    shield_id: Text
    messages: tuple[ShieldMessage, ...]
    params: dict[str, Any] | None = None


class SafetyViolation(Wire):
    """What is wrong with the last message."""

    violation_level: Literal["error"] = "error"
    user_message: str
    """What to tell the user."""
    metadata: dict[str, str]
    """`violation_type`: the codes of the categories, joined by commas."""

    @classmethod
    def of(cls, violation: Violation) -> "SafetyViolation":
        """The shape of a violation."""
        return cls(user_message=violation.message, metadata={"violation_type": ",".join(violation.codes)})


class RunShieldResponse(Wire):
    """What the shield says."""

    violation: SafetyViolation | None
    """Null for a message that is safe."""


def kept_shields(services: Services, settings: Settings) -> Kept:
    """All shields by id, those of the settings first."""
    declared = {name: _shield(name, shield.model).model_dump() for name, shield in settings.shields.items()}
    return Kept(services.resources, "shield", code="unknown_shield", builtin=declared)


def _shield(identifier: str, model: str, params: JsonObject | None = None) -> ShieldWire:
    return ShieldWire(
        identifier=identifier, provider_resource_id=model, provider_id=SHIELD_PROVIDER, params=params or {}
    )


@router.post(
    "/v1/shields",
    summary="Register a shield",
    operation_id="register_shield",
    responses=dialect_failures(),
)
async def register_shield(
    asked: ShieldRequest, services: ServicesOf, settings: SettingsOf, shields: ShieldsOf
) -> ShieldWire:
    """`provider_shield_id` names the language model that judges.

    One whose model is not there is kept, so that programs start; running it answers 501.
    """
    kept = kept_shields(services, settings)
    if asked.shield_id in kept.builtin:
        return ShieldWire.model_validate(kept.builtin[asked.shield_id])
    shield = _shield(asked.shield_id, asked.provider_shield_id or asked.shield_id, asked.params)
    await kept.put(asked.shield_id, shield.model_dump())
    try:
        await shields.find(asked.shield_id)
    except NotOfferedError as error:
        return shield.model_copy(update={"warning": f"{error.message} {error.hint}"})
    return shield


@router.get("/v1/shields", summary="Every shield", operation_id="list_shields", responses=dialect_failures())
async def list_shields(services: ServicesOf, settings: SettingsOf) -> ShieldList:
    """Those of the settings, then the registered ones, oldest first."""
    kept = await kept_shields(services, settings).list()
    return ShieldList(data=tuple(ShieldWire.model_validate(one) for one in kept))


@router.get(
    "/v1/shields/{identifier:path}",
    summary="One shield",
    operation_id="get_shield",
    responses=dialect_failures(404),
)
async def get_shield(identifier: str, services: ServicesOf, settings: SettingsOf) -> ShieldWire:
    """By its id."""
    return ShieldWire.model_validate(await kept_shields(services, settings).get(identifier))


@router.delete(
    "/v1/shields/{identifier:path}",
    summary="Forget a shield",
    operation_id="unregister_shield",
    responses=dialect_failures(404, 409),
)
async def unregister_shield(identifier: str, services: ServicesOf, settings: SettingsOf) -> Nothing:
    """Those of the settings stay."""
    kept = kept_shields(services, settings)
    if identifier in kept.builtin:
        raise ConflictError(
            f"Shield {identifier} stands in the settings.", code="builtin", hint="Take it out of `shields`."
        )
    await kept.remove(identifier)
    return Nothing()


@router.post(
    "/v1/safety/run-shield",
    summary="Judge a message",
    operation_id="run_shield",
    responses=dialect_failures(400, 404, 413, 501, 503, 504),
)
async def run_shield(request: Request, asked: RunShieldRequest, shields: ShieldsOf) -> RunShieldResponse:
    """By a Llama Guard. What it says is either a verdict or an error, never taken for safe."""
    shield = await shields.find(asked.shield_id)
    said = [message for message in asked.messages if message.role != "system"]
    messages = [(message.role, text_of(message.content, "The message")) for message in said]
    violation = await until_disconnect(request, shield.judge(messages))
    return RunShieldResponse(violation=SafetyViolation.of(violation) if violation else None)
