"""Every Milvus gives the same answers to the same questions over the same passages."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from milvus_servers import LiteServer, Standalone
from muniment.protocols import IndexSpec, ProviderContext, VectorIndex, VectorStore
from muniment.providers.milvus import PROVIDER, MilvusOptions
from muniment.ranking import analyze
from muniment.testing.vector_store import chunk_row
from muniment.types import ChunkRow, Comparison, Filter, Operator, SearchMode, StoredHit, VectorQuery

DIMENSION = 48
SPEC = IndexSpec("agreement", DIMENSION, "words", "paragraphs")
SAMPLE = files("muniment.sample") / "acme_corporate"


def embedded(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The mean of the words' vectors, which are random but always the same."""
    vectors = [
        np.random.default_rng(int.from_bytes(term.encode()[:7])).normal(size=DIMENSION)
        for term in analyze(text) or ["nothing"]
    ]
    mean = np.mean(vectors, axis=0)
    return (mean / np.linalg.norm(mean)).astype(np.float32)


def passages() -> list[ChunkRow]:
    rows: list[ChunkRow] = []
    for file in sorted((SAMPLE / "corpus").iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".md"):
            continue
        for place, paragraph in enumerate(file.read_text(encoding="utf-8").split("\n\n")):
            rows.append(
                chunk_row(
                    len(rows) + 1,
                    paragraph,
                    embedded(paragraph),
                    document_id=file.name,
                    pages=(place // 5 + 1,),
                    metadata={"long": len(paragraph) > 200, "characters": len(paragraph)},
                )
            )
    return rows


def questions() -> list[str]:
    lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines][:25]


FILTERS: list[Filter | None] = [
    None,
    Comparison("long", Operator.EQ, True),
    Comparison("characters", Operator.GT, 99.5),
    Comparison("page", Operator.LTE, 1.5),
    Comparison("odd\0key", Operator.NE, "\0"),
]


@asynccontextmanager
async def filled(data_dir: Path, **options: object) -> AsyncIterator[VectorIndex]:
    store: VectorStore = await PROVIDER.create(
        MilvusOptions.model_validate(options), ProviderContext(data_dir)
    )
    try:
        index = await store.open(SPEC)
        await index.upsert(passages())
        yield index
    finally:
        await store.drop(SPEC.name)
        await store.aclose()


def scores_by_id(hits: list[StoredHit]) -> dict[int, float]:
    return {hit.id: hit.score for hit in hits}


async def assert_same_answers(index: VectorIndex, other: VectorIndex) -> None:
    """The same passages with the same scores, save that of equal ones either may stand at the end."""
    for asked in questions():
        for condition in FILTERS:
            for mode in SearchMode:
                query = VectorQuery(mode, 10, asked, embedded(asked), condition)
                here, there = await index.search(query), await other.search(query)
                assert [hit.score for hit in here] == pytest.approx([hit.score for hit in there], abs=1e-4)
                last = here[-1].score if here else 0.0
                ours, theirs = scores_by_id(here), scores_by_id(there)
                for number in ours.keys() ^ theirs.keys():
                    assert (ours | theirs)[number] == pytest.approx(last, abs=1e-4), (asked, mode, condition)


@pytest.mark.parametrize("fusion", ["weighted", "zscore", "rrf"])
async def test_a_mirror_of_a_server_answers_as_the_embedded_database(
    tmp_path: Path, lite_server: LiteServer, fusion: str
) -> None:
    async with (
        filled(tmp_path, fusion=fusion) as here,
        filled(tmp_path, uri=lite_server.uri, search_by="resident", fusion=fusion) as there,
    ):
        await assert_same_answers(here, there)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("search_by", ["auto", "resident"])
@pytest.mark.parametrize("fusion", ["weighted", "zscore", "rrf"])
async def test_a_server_without_bm25_answers_as_the_embedded_database(
    tmp_path: Path, standalone: Standalone, search_by: str, fusion: str
) -> None:
    async with (
        filled(tmp_path, fusion=fusion) as here,
        filled(tmp_path, uri=standalone.uri, search_by=search_by, fusion=fusion) as there,
    ):
        await assert_same_answers(here, there)
