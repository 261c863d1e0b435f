"""Models as OpenAI, Llama Stack and OGX list them: the keys of all of them do not collide."""

from typing import Any, Literal

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.dialects.base import OLD_OPENAI_PREFIX, is_below
from muniment.api.named_models import NamedModelsOf
from muniment.api.routing import Router
from muniment.api.wire.documented import Documented
from muniment.collections.model_directory import ModelEntry, ModelKind

router = Router(tags=["openai"])


class OpenAIModel(Documented):
    """A model, in OpenAI's shape."""

    model_config = ConfigDict(frozen=True)

    id: str
    object: Literal["model"] = "model"
    created: int
    """Unix seconds; 0 where it was not made over the API."""
    owned_by: str
    """Its provider; `muniment` for a collection."""

    @classmethod
    def of(cls, entry: ModelEntry) -> "OpenAIModel":
        """The shape of a model."""
        return cls(id=entry.id, created=entry.created_at, owned_by=entry.provider)


class Model(OpenAIModel):
    """A model, with the keys that Llama Stack and OGX have as well."""

    identifier: str
    provider_id: str
    """Name of a generator, provider of an embedding model or reranker, or `muniment` for a collection."""
    provider_resource_id: str
    """What the model is called there."""
    type: Literal["model"] = "model"
    model_type: ModelKind
    metadata: dict[str, Any]
    """`embedding_dimension` and `context_length` where known, and what was registered."""
    custom_metadata: dict[str, Any]
    """The same, with the keys of the provider, for clients that look here."""

    @classmethod
    def of(cls, entry: ModelEntry) -> "Model":
        """The shape of a model."""
        named = {"provider_id": entry.provider, "provider_resource_id": entry.upstream}
        return cls(
            id=entry.id,
            created=entry.created_at,
            owned_by=entry.provider,
            identifier=entry.id,
            provider_id=entry.provider,
            provider_resource_id=entry.upstream,
            model_type=entry.kind,
            metadata=entry.metadata,
            custom_metadata={**entry.metadata, **named, "model_type": entry.kind.value},
        )


class ModelList(BaseModel):
    """Every model."""

    object: Literal["list"] = "list"
    data: list[Model]


class OpenAIModelList(BaseModel):
    """Every model, in OpenAI's shape."""

    object: Literal["list"] = "list"
    data: list[OpenAIModel]


class RegisterModelRequest(Documented):
    """Another name for a model there is. Other fields of Llama Stack are ignored."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model_id: str = Field(min_length=1, max_length=512)
    """The new name."""
    provider_model_id: str | None = None
    """The model that is meant; `model_id` when omitted."""
    provider_id: str | None = None
    """Whose model it is: a generator, or a provider; any when omitted."""
    model_type: ModelKind | None = None
    """What it does; whatever the named model does when omitted."""
    metadata: dict[str, Any] | None = None
    """Kept and shown; `embedding_dimension` must be the model's own."""


class DeletedModel(BaseModel):
    """A name that was forgotten."""

    id: str
    object: Literal["model"] = "model"
    deleted: bool = True


@router.get(
    "/models",
    summary="Every model",
    operation_id="list_models",
    response_model=ModelList,
    responses=dialect_failures(503),
)
async def list_models(request: Request, models: NamedModelsOf) -> JSONResponse:
    """Language models, embedding models, rerankers, registered names, collections as
    `muniment/<collection>`, and `muniment/<collection>@<generator>` for each declared generator.
    """
    entries = await models.listed()
    if _only_openai(request):
        shown: BaseModel = OpenAIModelList(data=[OpenAIModel.of(entry) for entry in entries])
    else:
        shown = ModelList(data=[Model.of(entry) for entry in entries])
    return JSONResponse(shown.model_dump(mode="json"))


@router.post(
    "/models",
    summary="Register another name for a model",
    operation_id="register_model",
    responses=dialect_failures(400, 403, 404, 409, 501, 503),
)
async def register_model(asked: RegisterModelRequest, services: ServicesOf) -> Model:
    """The name can be used wherever models are named, and stays until it is removed."""
    entry = await services.model_directory.register(
        asked.model_id,
        provider=asked.provider_id,
        upstream=asked.provider_model_id,
        kind=asked.model_type,
        metadata=asked.metadata,
    )
    return Model.of(entry)


@router.get(
    "/models/{model:path}",
    summary="One model",
    operation_id="get_model",
    response_model=Model,
    responses=dialect_failures(404, 503),
)
async def get_model(model: str, request: Request, models: NamedModelsOf) -> JSONResponse:
    """By any name that requests can use."""
    entry = await models.get(model)
    shown = OpenAIModel.of(entry) if _only_openai(request) else Model.of(entry)
    return JSONResponse(shown.model_dump(mode="json"))


@router.delete(
    "/models/{model:path}",
    summary="Remove a registered name",
    operation_id="unregister_model",
    responses=dialect_failures(403, 404, 409, 503),
)
async def unregister_model(model: str, models: NamedModelsOf) -> DeletedModel:
    """Models that the settings declare, and collections, stay."""
    await models.unregister(model)
    return DeletedModel(id=model)


def _only_openai(request: Request) -> bool:
    return is_below(request.url.path, OLD_OPENAI_PREFIX)
