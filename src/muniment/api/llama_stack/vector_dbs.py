"""Collections as the vector dbs of Llama Stack 0.2."""

from uuid import UUID, uuid5

from fastapi.responses import Response
from pydantic import Field, RootModel

from muniment.api.context import DialectOf, ServicesOf, SettingsOf, dialect_failures
from muniment.api.dialects.base import NamedVectorDb, VectorDb
from muniment.api.llama_stack.providers import checked_provider
from muniment.api.llama_stack.wire import Asked, Nothing, Text, json_response
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import ConflictError, NotFoundError
from muniment.types import Store

router = Router(tags=["llama stack"])

_IDS = UUID("6d756e69-6d65-6e74-8000-766563746f72")
"""Namespace of the ids made from the ids that clients give."""


class VectorDbRequest(Asked):
    """A vector db to be."""

    vector_db_id: Text = Field(min_length=1)
    embedding_model: Text
    embedding_dimension: int | None = Field(default=None, ge=1)
    """Checked against the model's; may be left out."""
    provider_id: Text | None = None
    """One that `/v1/providers` lists for `vector_io`."""


class VectorDbWire(RootModel[NamedVectorDb | VectorDb]):
    """A vector db; from 0.2.13 on with its name and source."""


class VectorDbList(Wire):
    """All vector dbs."""

    data: tuple[VectorDbWire, ...]


@router.post(
    "/v1/vector-dbs",
    summary="Register a vector db",
    operation_id="register_vector_db",
    response_model=VectorDbWire,
    responses=dialect_failures(400, 404, 409),
)
async def register_vector_db(
    asked: VectorDbRequest, services: ServicesOf, dialect: DialectOf, settings: SettingsOf
) -> Response:
    """One that is there already is returned as it is, if its embedding model is the same."""
    provider = checked_provider(settings, "vector_io", asked.provider_id)
    if dialect.names_are_ids:
        store = await services.stores.create(
            store_id=asked.vector_db_id,
            embedding_model=asked.embedding_model,
            dimension=asked.embedding_dimension,
        )
    else:
        store = await _named(asked, services)
    return json_response(dialect.vector_db(store, provider))


async def _named(asked: VectorDbRequest, services: Services) -> Store:
    """The store of this id or name, or a new one whose id is made from the client's, so that there is one."""
    stores = services.stores
    made_id = f"vs_{uuid5(_IDS, asked.vector_db_id)}"
    try:
        found = await stores.get(asked.vector_db_id)
    except NotFoundError:
        found = None
    model = services.embedding_models.resolve(asked.embedding_model)
    if found is not None and found.embedding_model != model:
        raise ConflictError(
            f"Vector db {asked.vector_db_id!r} exists, with embedding model {found.embedding_model!r}, "
            f"not {model!r}.",
            code="store_exists",
            hint="Use it as it is, or choose another id.",
        )
    return await stores.create(
        store_id=found.id if found else made_id,
        name=asked.vector_db_id,
        embedding_model=model,
        dimension=asked.embedding_dimension,
    )


@router.get(
    "/v1/vector-dbs",
    summary="Every vector db",
    operation_id="list_vector_dbs",
    response_model=VectorDbList,
    responses=dialect_failures(),
)
async def list_vector_dbs(services: ServicesOf, dialect: DialectOf, settings: SettingsOf) -> Response:
    """Declared collections first, then those created over the API, oldest first."""
    provider = checked_provider(settings, "vector_io", None)
    stores = await services.stores.list()
    return json_response({"data": [dialect.vector_db(store, provider) for store in stores]})


@router.get(
    "/v1/vector-dbs/{vector_db_id:path}",
    summary="One vector db",
    operation_id="get_vector_db",
    response_model=VectorDbWire,
    responses=dialect_failures(404),
)
async def get_vector_db(
    vector_db_id: str, services: ServicesOf, dialect: DialectOf, settings: SettingsOf
) -> Response:
    """By its id or its name."""
    store = await services.stores.get(vector_db_id)
    return json_response(dialect.vector_db(store, checked_provider(settings, "vector_io", None)))


@router.delete(
    "/v1/vector-dbs/{vector_db_id:path}",
    summary="Delete a vector db",
    operation_id="unregister_vector_db",
    response_model=Nothing,
    responses=dialect_failures(404, 409),
)
async def unregister_vector_db(vector_db_id: str, services: ServicesOf) -> Response:
    """With everything in it. A declared collection is refused unless `server.delete_declared` is set."""
    await services.stores.delete(vector_db_id)
    return json_response(None)
