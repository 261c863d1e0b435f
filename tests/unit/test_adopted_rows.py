"""Rows that another server wrote: whatever they hold, they become chunks with their place in a document."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.errors import ConflictError
from muniment.providers.milvus.adopted_rows import SEPARATOR, AdoptedShape, placed_rows, shape_of
from muniment.types import text_of

NUMBERED = AdoptedShape("id", numbered=True, dimension=2)
TEXT_KEYS = AdoptedShape("chunk_id", numbered=False, dimension=2)

scalars = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
metadata = anything | st.fixed_dictionaries(
    {}, optional={"document_id": scalars, "title": anything, "year": scalars, "source": scalars}
)
contents = anything | st.fixed_dictionaries(
    {},
    optional={
        "content": anything | st.text(max_size=40),
        "metadata": metadata,
        "chunk_metadata": anything
        | st.fixed_dictionaries({"chunk_window": st.sampled_from(["0-9", "9-18", ""])}),
    },
)
vectors = st.sampled_from([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])


@given(st.lists(st.tuples(contents, vectors), max_size=8), st.booleans())
def test_whatever_a_row_holds_its_text_stands_in_its_document(
    rows: list[tuple[Any, list[float]]], numbered: bool
) -> None:
    shape = NUMBERED if numbered else TEXT_KEYS
    fetched = [
        {shape.primary: place if numbered else f"key-{place}", "chunk_content": content, "vector": vector}
        for place, (content, vector) in enumerate(rows)
    ]
    placed = placed_rows(fetched, shape)
    assert len({row.id for row in placed}) == len(placed)
    documents: dict[str, str] = {}
    for row in placed:
        before = documents.get(row.document_id)
        documents[row.document_id] = row.chunk.text if before is None else before + SEPARATOR + row.chunk.text
    for row in placed:
        assert row.chunk.text.strip()
        assert text_of(documents[row.document_id], row.chunk.spans) == row.chunk.text
        assert np.linalg.norm(row.vector) == pytest.approx(1.0)
        assert all(isinstance(value, str | int | float | bool) for value in row.metadata.values())


def test_interleaved_content_is_read_for_its_text() -> None:
    content = [
        {"type": "text", "text": "Press"},
        {"type": "image", "image": {"url": {"uri": "http://x"}}},
        {"type": "text", "text": "the valve."},
    ]
    [row] = placed_rows([{"id": 1, "chunk_content": {"content": content}, "vector": [1.0, 0.0]}], NUMBERED)
    assert row.chunk.text == "Press\nthe valve."


def test_windows_tell_the_order_where_keys_do_not() -> None:
    fetched = [
        {
            "chunk_id": key,
            "vector": [1.0, 0.0],
            "chunk_content": {
                "content": text,
                "metadata": {"document_id": "d"},
                "chunk_metadata": {"chunk_window": window},
            },
        }
        for key, text, window in (
            ("c", "third", "200-290"),
            ("a", "second", "90-200"),
            ("b", "first", "0-90"),
        )
    ]
    assert [row.chunk.text for row in placed_rows(fetched, TEXT_KEYS)] == ["first", "second", "third"]


def field(name: str, kind: int, **more: object) -> dict[str, object]:
    return {"name": name, "type": kind, "params": {}, **more}


@pytest.mark.parametrize(
    "fields",
    [
        [field("id", 5, is_primary=True)],
        [field("id", 5, is_primary=True), field("vector", 101, params={"dim": 4})],
        [field("vector", 101, params={"dim": 4}), field("chunk_content", 23)],
    ],
)
def test_a_collection_of_another_shape_is_not_adopted(fields: list[dict[str, object]]) -> None:
    with pytest.raises(ConflictError) as refused:
        shape_of({"fields": fields, "enable_dynamic_field": False}, "theirs")
    assert refused.value.code == "not_adoptable"
