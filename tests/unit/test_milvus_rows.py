"""Rows as they are handed to pymilvus say what they said before."""

import json

import numpy as np

from muniment.providers.milvus.schema import for_pymilvus, to_row
from muniment.types import Chunk, ChunkRow, Span


def test_a_text_is_looked_at_once_and_not_letter_by_letter() -> None:
    chunk = Chunk(0, "Oil the pump.", "Pumps", ("Pumps",), (Span(0, 13),), 4)
    fields, _ = to_row(ChunkRow(1, "doc_1", chunk, np.ones(4, np.float32), {"a": "b"}))
    handed = for_pymilvus(fields)
    assert handed == fields
    assert list(handed["text"]) == ["Oil the pump."]
    assert json.dumps(handed) == json.dumps(fields)
    assert list(fields["text"])[:3] == ["O", "i", "l"]
