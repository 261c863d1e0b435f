"""The filter language means the same in memory and inside Milvus, whatever stands in it."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pymilvus import MilvusClient

from milvus_servers import Standalone
from muniment.providers.milvus.connection import connect_embedded, connect_server, release_embedded
from muniment.providers.milvus.expressions import expression, is_plain, needs_escape
from muniment.providers.milvus.options import MilvusOptions
from muniment.providers.milvus.reading import OWN_WRITES
from muniment.providers.milvus.schema import (
    collection_schema,
    index_params,
    mirrored_index_params,
    mirrored_schema,
    to_entry,
    to_row,
)
from muniment.ranking import matches
from muniment.ranking.filters import Attributes
from muniment.testing.vector_store import SPEC, chunk_row, unit
from muniment.types import ChunkRow, Combination, Comparison, Filter, MetadataValue, Negation, Operator

TEXTS = ["a", "b", "", '"', "'", "\\", '\\"', '" or id > 0 or "', "{x}", "\n", "é", "日本", "%", "1", "true"]
KEYS = [*(text for text in TEXTS if text), "document_id", "page", "id"]

texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.integers(-3, 3) | st.integers(-(2**40), 2**40) | st.sampled_from([0.5, -1.5, 2.0, 1e20, 1e-7])
values: st.SearchStrategy[MetadataValue] = st.booleans() | numbers | texts
metadata = st.dictionaries(st.sampled_from([k for k in KEYS if k not in ("document_id", "page")]), values)
keys = st.sampled_from(KEYS) | texts.filter(bool)
comparisons = st.one_of(
    st.builds(Comparison, keys, st.sampled_from([Operator.EQ, Operator.NE]), values),
    st.builds(
        Comparison,
        keys,
        st.sampled_from([Operator.GT, Operator.GTE, Operator.LT, Operator.LTE]),
        numbers | texts,
    ),
    st.builds(Comparison, keys, st.sampled_from([Operator.CONTAINS, Operator.PREFIX]), texts),
    st.builds(
        Comparison,
        keys,
        st.sampled_from([Operator.IN, Operator.NIN]),
        st.lists(values, max_size=4).map(tuple),
    ),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(Combination, st.booleans(), st.lists(inner, max_size=3).map(tuple))
        | st.builds(Negation, inner)
    ),
    max_leaves=5,
)
rows = st.lists(
    st.tuples(st.sampled_from(TEXTS[:-2]), st.lists(st.integers(1, 4), max_size=3), metadata),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def client() -> Iterator[MilvusClient]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "agree.db"
        options = MilvusOptions()
        client = connect_embedded(path, options)
        client.create_collection(SPEC.name, schema=collection_schema(client, SPEC, ""))
        client.create_index(SPEC.name, index_params(client, options), sync=False)
        client.load_collection(SPEC.name)
        yield client
        client.close()
        release_embedded(path)


def made(rows: list[tuple[str, list[int], dict[str, MetadataValue]]]) -> list[ChunkRow]:
    return [
        chunk_row(n, "text", unit(1, 0, 0, 0), document_id=document, pages=pages, metadata=metadata)
        for n, (document, pages, metadata) in enumerate(rows, 1)
    ]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("a", [], {})], Comparison("page", Operator.IN, (-1, 0, 1e20)))
@given(rows, filters)
def test_milvus_selects_what_the_memory_selects(
    client: MilvusClient, rows: list[tuple[str, list[int], dict[str, MetadataValue]]], condition: Filter
) -> None:
    assume(not needs_escape(condition))  # Milvus Lite reads it wrong; searches then name the rows
    written = made(rows)
    client.delete(SPEC.name, ids=list(range(1, 5)))
    client.upsert(SPEC.name, [to_row(row)[0] for row in written])
    expected = {
        row.id
        for row in written
        if matches(condition, Attributes(row.document_id, row.chunk.pages, row.metadata))
    }
    selected = client.query(SPEC.name, filter=f"({expression(condition)}) and id >= 0", output_fields=["id"])
    assert {row["id"] for row in selected} == expected


@pytest.fixture(scope="module")
def old_client(standalone: Standalone) -> Iterator[MilvusClient]:
    client, _ = connect_server(MilvusOptions(uri=standalone.uri))
    client.create_collection("agree", schema=mirrored_schema(client, SPEC, ""))
    client.create_index("agree", mirrored_index_params(client), sync=False)
    client.load_collection("agree")
    yield client
    client.drop_collection("agree")
    client.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, filters.filter(is_plain))
def test_a_server_without_bm25_selects_what_the_memory_selects(
    old_client: MilvusClient, rows: list[tuple[str, list[int], dict[str, MetadataValue]]], condition: Filter
) -> None:
    written = made(rows)
    old_client.delete("agree", ids=list(range(1, 5)))
    fields = [to_row(row, lists_as_text=True)[0] | {"written": 1, "writer": 1} for row in written]
    old_client.upsert("agree", fields)
    expected = {
        row.id
        for row in written
        if matches(condition, Attributes(row.document_id, row.chunk.pages, row.metadata))
    }
    selected = old_client.query(
        "agree", filter=f"({expression(condition)}) and id >= 0", output_fields=["id"], **OWN_WRITES
    )
    assert {row["id"] for row in selected} == expected


@settings(max_examples=40, deadline=None)
@given(rows)
def test_rows_read_back_give_the_same_entries(
    rows: list[tuple[str, list[int], dict[str, MetadataValue]]],
) -> None:
    for row in made(rows):
        fields, entry = to_row(row)
        again = to_entry(fields)
        assert (again.id, again.attributes, again.terms.fields) == (
            entry.id,
            entry.attributes,
            entry.terms.fields,
        )
