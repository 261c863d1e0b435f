"""Shields that clients register. None is run here: see ``safety``."""

from typing import Any

from pydantic import Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import NotOfferedError

router = Router(tags=["llama stack"])


class ShieldRequest(Asked):
    """A shield to be."""

    shield_id: Text = Field(min_length=1)
    provider_shield_id: Text | None = None
    provider_id: Text | None = None
    params: Given | None = None


class Shield(Wire):
    """A shield."""

    identifier: str
    provider_resource_id: str
    provider_id: str
    type: str = "shield"
    params: dict[str, Any]
    warning: str = "Kept and listed, but not run: this server has no safety provider."
    """What of it does not work here."""


class ShieldList(Wire):
    """All shields."""

    data: tuple[Shield, ...]


class RunShieldRequest(Asked):
    """Messages to check."""

    shield_id: Text
    messages: tuple[dict[str, Any], ...]
    params: dict[str, Any] | None = None


def shields(services: Services) -> Kept:
    """All shields by id."""
    return Kept(services.resources, "shield", code="unknown_shield")


@router.post(
    "/v1/shields",
    summary="Register a shield",
    operation_id="register_shield",
    responses=dialect_failures(),
)
async def register_shield(asked: ShieldRequest, services: ServicesOf) -> Shield:
    """Kept and listed, so that programs written for other servers start; running it answers 501."""
    shield = Shield(
        identifier=asked.shield_id,
        provider_resource_id=asked.provider_shield_id or asked.shield_id,
        provider_id=asked.provider_id or "none",
        params=asked.params or {},
    )
    await shields(services).put(asked.shield_id, shield.model_dump())
    return shield


@router.get("/v1/shields", summary="Every shield", operation_id="list_shields", responses=dialect_failures())
async def list_shields(services: ServicesOf) -> ShieldList:
    """Oldest first."""
    kept = await shields(services).list()
    return ShieldList(data=tuple(Shield.model_validate(one) for one in kept))


@router.get(
    "/v1/shields/{identifier:path}",
    summary="One shield",
    operation_id="get_shield",
    responses=dialect_failures(404),
)
async def get_shield(identifier: str, services: ServicesOf) -> Shield:
    """By its id."""
    return Shield.model_validate(await shields(services).get(identifier))


@router.delete(
    "/v1/shields/{identifier:path}",
    summary="Forget a shield",
    operation_id="unregister_shield",
    responses=dialect_failures(404),
)
async def unregister_shield(identifier: str, services: ServicesOf) -> Nothing:
    """By its id."""
    await shields(services).remove(identifier)
    return Nothing()


@router.post(
    "/v1/safety/run-shield",
    summary="Run a shield (not offered)",
    operation_id="run_shield",
    status_code=501,
    response_model=None,
    responses=dialect_failures(400, 404, 501),
)
async def run_shield(asked: RunShieldRequest, services: ServicesOf) -> None:
    """An unknown shield is told so; a known one cannot be run."""
    await shields(services).get(asked.shield_id)
    raise NotOfferedError(
        f"Shield {asked.shield_id[:200]!r} cannot be run: this server has no safety provider.",
        hint="Answers are checked against their evidence instead; ask the model behind the shield itself.",
    )
