"""Prompts as Llama Stack and OGX keep them; Llama Stack changes them by POST, OGX by PUT."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field, RootModel, StringConstraints

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.openai.body import Body
from muniment.api.openai.prompts.kept import KeptPrompts, PromptVersion
from muniment.api.routing import Router
from muniment.api.wire.base import Wire

router = Router(prefix="/prompts", tags=["prompts"])

Version = Annotated[int, Field(ge=1, le=2**31)]
Variable = Annotated[str, StringConstraints(pattern=r"^\w+$", max_length=100)]


class CreatePrompt(Body):
    """A prompt to keep."""

    prompt: str = Field(examples=["Answer in {{ language }}."])
    """The text; `{{ name }}` stands for a variable."""
    variables: list[Variable] | None = Field(default=None, examples=[["language"]])
    """Every variable that the text has."""


class UpdatePrompt(CreatePrompt):
    """A new version of a prompt."""

    version: Version
    """The latest version, on which this one is based."""
    set_as_default: bool = True
    """Whether the new version is the default from now on."""


class DefaultVersion(Body):
    """Which version is the default."""

    version: Version


class PromptWire(Wire):
    """A version of a prompt."""

    prompt_id: str
    version: int
    prompt: str
    variables: tuple[str, ...]
    is_default: bool

    @classmethod
    def of(cls, version: PromptVersion) -> "PromptWire":
        """The shape of a version."""
        return cls.model_validate(version)


class PromptList(Wire):
    """Prompts, or the versions of one."""

    data: tuple[PromptWire, ...]


class Nothing(RootModel[None]):
    """It is done; there is nothing to tell."""


async def _kept(services: ServicesOf) -> KeptPrompts:
    return KeptPrompts(services.resources)


KeptOf = Annotated[KeptPrompts, Depends(_kept)]


@router.get("", summary="All prompts", operation_id="list_prompts", responses=dialect_failures(501, 503))
async def list_prompts(kept: KeptOf) -> PromptList:
    """The default version of each, newest first."""
    return PromptList(data=tuple(PromptWire.of(one) for one in await kept.list()))


@router.post(
    "",
    summary="Keep a prompt",
    operation_id="create_prompt",
    responses=dialect_failures(400, 403, 413, 501, 503, 507),
)
async def create_prompt(asked: CreatePrompt, kept: KeptOf) -> PromptWire:
    """Its first version is the default."""
    return PromptWire.of(await kept.create(asked.prompt, asked.variables or ()))


@router.get(
    "/{prompt_id}",
    summary="One version of a prompt",
    operation_id="get_prompt",
    responses=dialect_failures(400, 404, 501, 503),
)
async def get_prompt(
    prompt_id: str,
    kept: KeptOf,
    version: Annotated[int | None, Query(ge=1, le=2**31, description="The default one if omitted.")] = None,
) -> PromptWire:
    """The default version, or the one that is named."""
    return PromptWire.of(await kept.get(prompt_id, version))


async def _update(prompt_id: str, asked: UpdatePrompt, kept: KeptPrompts) -> PromptWire:
    updated = await kept.update(
        prompt_id, asked.version, asked.prompt, asked.variables or (), set_as_default=asked.set_as_default
    )
    return PromptWire.of(updated)


@router.post(
    "/{prompt_id}",
    summary="Add a version to a prompt (Llama Stack)",
    operation_id="update_prompt",
    responses=dialect_failures(400, 403, 404, 409, 413, 501, 503, 507),
)
async def update_prompt(prompt_id: str, asked: UpdatePrompt, kept: KeptOf) -> PromptWire:
    """Earlier versions stay as they are."""
    return await _update(prompt_id, asked, kept)


@router.put(
    "/{prompt_id}",
    summary="Add a version to a prompt (OGX)",
    operation_id="put_prompt",
    responses=dialect_failures(400, 403, 404, 409, 413, 501, 503, 507),
)
async def put_prompt(prompt_id: str, asked: UpdatePrompt, kept: KeptOf) -> PromptWire:
    """Earlier versions stay as they are."""
    return await _update(prompt_id, asked, kept)


@router.delete(
    "/{prompt_id}",
    summary="Forget a prompt",
    operation_id="delete_prompt",
    responses=dialect_failures(400, 403, 404, 501, 503, 507),
)
async def delete_prompt(prompt_id: str, kept: KeptOf) -> Nothing:
    """With all its versions."""
    await kept.remove(prompt_id)
    return Nothing(None)


@router.post(
    "/{prompt_id}/set-default-version",
    summary="Choose the default version of a prompt (Llama Stack)",
    operation_id="set_default_prompt_version",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 507),
)
async def set_default_version(prompt_id: str, asked: DefaultVersion, kept: KeptOf) -> PromptWire:
    """Requests that name no version get this one."""
    return PromptWire.of(await kept.set_default(prompt_id, asked.version))


@router.put(
    "/{prompt_id}/set-default-version",
    summary="Choose the default version of a prompt (OGX)",
    operation_id="put_default_prompt_version",
    responses=dialect_failures(400, 403, 404, 413, 501, 503, 507),
)
async def put_default_version(prompt_id: str, asked: DefaultVersion, kept: KeptOf) -> PromptWire:
    """Requests that name no version get this one."""
    return PromptWire.of(await kept.set_default(prompt_id, asked.version))


@router.get(
    "/{prompt_id}/versions",
    summary="All versions of a prompt",
    operation_id="list_prompt_versions",
    responses=dialect_failures(400, 404, 501, 503),
)
async def list_versions(prompt_id: str, kept: KeptOf) -> PromptList:
    """Oldest first."""
    return PromptList(data=tuple(PromptWire.of(one) for one in await kept.versions(prompt_id)))
