"""Making a collection, which on a server others may be doing at the same moment."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from muniment.errors import StorageError
from muniment.protocols import IndexSpec
from muniment.providers.milvus.schema import collection_schema, mirrored_schema

if TYPE_CHECKING:
    from pymilvus import MilvusClient

Result = TypeVar("Result")

_PAUSES_S = (0.1, 0.3, 1.0, 2.0)
"""Before each further look at a collection that could not be made or opened."""


def create_collection(client: "MilvusClient", spec: IndexSpec, *, mirrored: bool, timeout_s: float) -> None:
    """Create the collection, with what it is made for as its property ``muniment``."""
    made_for = {
        "dimension": spec.dimension,
        "embedding_fingerprint": spec.embedding_fingerprint,
        "chunker_spec": spec.chunker_spec,
        "stamp": uuid4().hex,
    }
    make_schema = mirrored_schema if mirrored else collection_schema
    client.create_collection(
        spec.name,
        schema=make_schema(client, spec, "Chunks of a Muniment collection"),
        properties={"muniment": json.dumps(made_for)},
        consistency_level="Strong",
        timeout=timeout_s,
    )


def beside_others(make: Callable[[], Result]) -> Result:
    """What ``make`` gives, which finds what is there and makes the rest, tried again for some seconds.

    Of two workers that start together on a new collection one is told that it cannot be created, or
    finds it half made; a moment later it is there.
    """
    for pause in _PAUSES_S:
        try:
            return make()
        except StorageError:
            time.sleep(pause)
    return make()
