"""Datasets that clients register; their rows are kept one by one, so that none is lost or written twice."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query
from pydantic import Discriminator, Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services
from muniment.errors import ConflictError, NotOfferedError

router = Router(tags=["llama stack"])

ROW_KIND = "dataset_row"


class RowsSource(Asked):
    """Rows as they are."""

    type: Literal["rows"]
    rows: tuple[Given, ...]


class UriSource(Asked):
    """Rows that are elsewhere; nothing is fetched from there."""

    type: Literal["uri"]
    uri: Text


class DatasetRequest(Asked):
    """A dataset to be."""

    purpose: Literal["post-training/messages", "eval/question-answer", "eval/messages-answer"]
    source: Annotated[RowsSource | UriSource, Discriminator("type")]
    metadata: Given | None = None
    dataset_id: Text | None = Field(default=None, min_length=1)
    """A new one when omitted."""


class RowsRequest(Asked):
    """Rows to add."""

    rows: tuple[Given, ...]


class Dataset(Wire):
    """A dataset."""

    identifier: str
    provider_resource_id: str
    provider_id: str = "localfs"
    type: str = "dataset"
    purpose: str
    source: dict[str, Any]
    """Without the rows: `datasetio/iterrows` has them."""
    metadata: dict[str, Any]


class DatasetList(Wire):
    """All datasets."""

    data: tuple[Dataset, ...]


class RowPage(Wire):
    """Some rows."""

    data: tuple[dict[str, Any], ...]
    has_more: bool
    url: None = None


def datasets(services: Services) -> Kept:
    """All datasets by id."""
    return Kept(services.resources, "dataset", code="unknown_dataset")


async def register_dataset(asked: DatasetRequest, services: ServicesOf) -> Dataset:
    """With its rows, or the place where they are."""
    identifier = asked.dataset_id or f"dataset-{uuid4()}"
    kept = await asyncio.to_thread(services.resources.get, "dataset", identifier)
    if kept is not None:
        raise ConflictError(
            f"Dataset {identifier[:200]!r} exists.", code="dataset_exists", hint="Delete it first."
        )
    source = asked.source
    dataset = Dataset(
        identifier=identifier,
        provider_resource_id=identifier,
        purpose=asked.purpose,
        source={"type": "uri", "uri": source.uri}
        if isinstance(source, UriSource)
        else {"type": "rows", "rows": []},
        metadata=asked.metadata or {},
    )
    await datasets(services).put(identifier, dataset.model_dump())
    if isinstance(source, RowsSource):
        await _add_rows(services, identifier, source.rows)
    return dataset


async def list_datasets(services: ServicesOf) -> DatasetList:
    """Oldest first, without their rows."""
    kept = await datasets(services).list()
    return DatasetList(data=tuple(Dataset.model_validate(one) for one in kept))


async def get_dataset(dataset_id: str, services: ServicesOf) -> Dataset:
    """Without its rows."""
    return Dataset.model_validate(await datasets(services).get(dataset_id))


async def unregister_dataset(dataset_id: str, services: ServicesOf) -> Nothing:
    """With its rows."""
    await datasets(services).remove(dataset_id)
    await asyncio.to_thread(services.resources.remove_children, ROW_KIND, dataset_id)
    return Nothing()


async def iterate_rows(
    dataset_id: str,
    services: ServicesOf,
    start_index: Annotated[int, Query(ge=0, description="Of the first row.")] = 0,
    limit: Annotated[int | None, Query(ge=-1, description="Most rows; -1 for all.")] = None,
) -> RowPage:
    """In the order they were added."""
    await _with_rows(services, dataset_id)
    kept = await asyncio.to_thread(lambda: services.resources.list(ROW_KIND, parent=dataset_id))
    end = len(kept) if limit is None or limit < 0 else start_index + limit
    return RowPage(data=tuple(one.body for one in kept[start_index:end]), has_more=end < len(kept))


async def append_rows(dataset_id: str, asked: RowsRequest, services: ServicesOf) -> Nothing:
    """Behind those there are."""
    await _with_rows(services, dataset_id)
    await _add_rows(services, dataset_id, asked.rows)
    return Nothing()


async def _with_rows(services: Services, dataset_id: str) -> None:
    dataset = Dataset.model_validate(await datasets(services).get(dataset_id))
    if dataset.source["type"] == "uri":
        raise NotOfferedError(
            f"The rows of dataset {dataset_id[:200]!r} are elsewhere, and this server fetches nothing.",
            hint="Register it with its rows.",
        )


async def _add_rows(services: Services, dataset_id: str, rows: tuple[dict[str, Any], ...]) -> None:
    items = [(uuid4().hex, row) for row in rows]
    await asyncio.to_thread(lambda: services.resources.add(ROW_KIND, items, parent=dataset_id))


ROUTES = (
    ("POST", "/datasets", register_dataset, "Register a dataset"),
    ("GET", "/datasets", list_datasets, "Every dataset"),
    ("GET", "/datasets/{dataset_id:path}", get_dataset, "One dataset"),
    ("DELETE", "/datasets/{dataset_id:path}", unregister_dataset, "Delete a dataset"),
    ("GET", "/datasetio/iterrows/{dataset_id:path}", iterate_rows, "The rows of a dataset"),
    ("POST", "/datasetio/append-rows/{dataset_id:path}", append_rows, "Add rows to a dataset"),
)

for level in ("v1", "v1beta"):
    for method, place, endpoint, summary in ROUTES:
        router.add_api_route(
            f"/{level}{place}",
            endpoint,
            methods=[method],
            summary=summary,
            operation_id=f"{level}_{endpoint.__name__}",
            responses=dialect_failures(400, 404, 409, 501),
        )
