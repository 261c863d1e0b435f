"""Reads many rows of a collection, a batch at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymilvus import MilvusClient

EVERY_ROW = "id >= 0"

BATCH_BYTES = 8 * 1024 * 1024
"""About how much is asked of Milvus at a time."""

MAX_BATCH = 16_384
"""The most rows that Milvus gives in one answer."""

OWN_WRITES = {"consistency_level": "Session"}
"""Reads that see all that this process wrote, and what others wrote a moment ago.

Milvus 2.3 makes a read that must see everything wait for its clock, up to 0.2 s.
"""

NUMBER_BYTES = 256
"""About the size of a row of which only numbers are read."""


def search_bytes(dimension: int) -> int:
    """About the size of a row of which what is searched is read."""
    return dimension * 4 + 4096


def batches(
    client: "MilvusClient", name: str, where: str, fields: Sequence[str], row_bytes: int
) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The fields of the rows that the expression selects."""
    rows = max(1, min(MAX_BATCH, BATCH_BYTES // row_bytes))
    iterator = client.query_iterator(name, filter=where, output_fields=list(fields), batch_size=rows)
    try:
        while batch := iterator.next():
            yield batch
    finally:
        iterator.close()


def count(client: "MilvusClient", name: str, **how: str) -> int:
    """How many rows there are; ``how`` may set ``consistency_level``."""
    [row] = client.query(name, filter="", output_fields=["count(*)"], **how)
    return int(row["count(*)"])
