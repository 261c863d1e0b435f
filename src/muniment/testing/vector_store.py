"""What every vector store must do, as a pytest class to inherit from.

A subclass gives a fixture ``make_store``: an async function without arguments that opens the same
store each time it is called (the one opened before is closed first), and says with ``persistent``
whether rows outlive closing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from muniment.errors import ConflictError, NotFoundError
from muniment.protocols import IndexSpec, VectorIndex, VectorStore
from muniment.types import (
    Box,
    Chunk,
    ChunkRow,
    Combination,
    Comparison,
    Filter,
    MetadataValue,
    Negation,
    Operator,
    SearchMode,
    Span,
    StoredHit,
    VectorQuery,
)

MakeStore = Callable[[], Awaitable[VectorStore]]

SPEC = IndexSpec("contract", 4, "model-1", "chunker-1")


def unit(*values: float) -> NDArray[np.float32]:
    """A vector of unit length, shape (len(values),)."""
    vector = np.array(values, np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def chunk_row(
    number: int,
    text: str,
    vector: NDArray[np.float32],
    *,
    document_id: str = "doc",
    pages: Sequence[int] = (1,),
    metadata: dict[str, MetadataValue] | None = None,
) -> ChunkRow:
    """A row with one span a page."""
    spans = tuple(Span(10 * i, 10 * i + 9, page, Box(1.5, 2.25, 100.1, 30)) for i, page in enumerate(pages))
    chunk = Chunk(number, text, "Handbook > Leave", ("Handbook", "Leave"), spans or (Span(0, 9),), 7)
    return ChunkRow(number, document_id, chunk, vector, metadata or {})


ROWS = (
    chunk_row(
        1,
        "Employees accrue vacation days every month.",
        unit(1, 0, 0, 0),
        document_id="a",
        pages=(1, 2),
        metadata={"team": "hr", "year": 2023, "draft": False, "weight": 0.5},
    ),
    chunk_row(
        2,
        "The invoice is paid within thirty days.",
        unit(0.9, 0.1, 0, 0),
        document_id="a",
        pages=(3,),
        metadata={"team": "finance", "year": 2024, "draft": True},
    ),
    chunk_row(
        3,
        "Servers are patched on Tuesday; vacations of the on-call engineer matter.",
        unit(0, 1, 0, 0),
        document_id="b",
        pages=(),
        metadata={"team": "it", "year": 2025, "path": r"c:\on_call 100%"},
    ),
    chunk_row(4, "Überstunden werden vergütet: 日本語 ✓", unit(0, 0, 1, 0), document_id="ü"),
)


def found(hits: Sequence[StoredHit]) -> list[int]:
    """The ids of hits, in their order."""
    return [hit.id for hit in hits]


def eq(key: str, value: MetadataValue) -> Comparison:
    """An ``eq`` filter."""
    return Comparison(key, Operator.EQ, value)


FILTERS: list[tuple[Filter, set[int]]] = [
    (eq("team", "hr"), {1}),
    (eq("draft", False), {1}),
    (eq("draft", 0), set()),
    (eq("year", "2023"), set()),
    (eq("weight", 0.5), {1}),
    (eq("nobody", "x"), set()),
    (Comparison("team", Operator.NE, "hr"), {2, 3, 4}),
    (Comparison("year", Operator.GT, 2023), {2, 3}),
    (Comparison("year", Operator.GTE, 2024), {2, 3}),
    (Comparison("year", Operator.LT, 2024.5), {1, 2}),
    (Comparison("year", Operator.LTE, 2023), {1}),
    (Comparison("team", Operator.GT, "finance"), {1, 3}),
    (Comparison("team", Operator.IN, ("hr", "it")), {1, 3}),
    (Comparison("team", Operator.NIN, ("hr", "it")), {2, 4}),
    (Comparison("team", Operator.IN, ()), set()),
    (eq("document_id", "a"), {1, 2}),
    (eq("document_id", "ü"), {4}),
    (Comparison("document_id", Operator.NE, "a"), {3, 4}),
    (Comparison("document_id", Operator.IN, ("b", "ü")), {3, 4}),
    (eq("page", 2), {1}),
    (Comparison("page", Operator.NE, 2), {2, 3, 4}),
    (Comparison("page", Operator.GTE, 2), {1, 2}),
    (Comparison("page", Operator.LT, 2), {1, 4}),
    (Comparison("page", Operator.IN, (1, 3)), {1, 2, 4}),
    (Comparison("team", Operator.CONTAINS, "nanc"), {2}),
    (Comparison("team", Operator.PREFIX, "h"), {1}),
    (Comparison("team", Operator.CONTAINS, "%"), set()),
    (Comparison("path", Operator.CONTAINS, "0%"), {3}),
    (Comparison("path", Operator.CONTAINS, "n_c"), {3}),
    (Comparison("path", Operator.CONTAINS, "_a"), set()),
    (Comparison("path", Operator.PREFIX, "c:\\o"), {3}),
    (Negation(Comparison("path", Operator.CONTAINS, "\\")), {1, 2, 4}),
    (Comparison("document_id", Operator.PREFIX, "ü"), {4}),
    (Comparison("year", Operator.CONTAINS, "20"), set()),
    (Negation(eq("team", "hr")), {2, 3, 4}),
    (Negation(Comparison("year", Operator.GT, 2023)), {1, 4}),
    (Negation(Comparison("team", Operator.PREFIX, "h")), {2, 3, 4}),
    (Combination(True, (eq("document_id", "a"), Comparison("year", Operator.GT, 2023))), {2}),
    (Combination(False, (eq("team", "hr"), eq("page", 3))), {1, 2}),
    (Combination(True, ()), {1, 2, 3, 4}),
    (Combination(False, ()), set()),
    (Combination(True, (Combination(False, (eq("team", "hr"), eq("team", "it"))), eq("page", 1))), {1}),
]


async def check_rows(index: VectorIndex) -> None:
    """``ROWS`` are there, with every field."""
    hits = await index.get([row.id for row in ROWS])
    assert [(hit.id, hit.document_id, hit.chunk, hit.metadata) for hit in hits] == [
        (row.id, row.document_id, row.chunk, row.metadata) for row in ROWS
    ]
    assert {hit.score for hit in hits} == {0.0}


class VectorStoreContract:
    """Inherit, and give a fixture ``make_store``; see the module's text."""

    persistent: ClassVar[bool] = True

    @pytest.fixture
    async def store(self, make_store: MakeStore) -> VectorStore:
        """The store under test, empty."""
        return await make_store()

    @pytest.fixture
    async def index(self, store: VectorStore) -> VectorIndex:
        """An index with ``ROWS``."""
        index = await store.open(SPEC)
        await index.upsert(ROWS)
        return index

    async def test_rows_come_back_as_they_were_written(self, index: VectorIndex) -> None:
        """Every field of a chunk survives."""
        await check_rows(index)

    async def test_get_keeps_the_order_and_leaves_out_what_is_missing(self, index: VectorIndex) -> None:
        """Ids come back as asked."""
        assert found(await index.get([3, 999, 1])) == [3, 1]
        assert await index.get([]) == []

    async def test_upsert_replaces_and_never_doubles(self, index: VectorIndex) -> None:
        """The same id is the same row."""
        await index.upsert(ROWS)
        await index.upsert([chunk_row(1, "Sabbaticals last six months.", unit(0, 0, 0, 1), document_id="z")])
        assert await index.ids() == {1, 2, 3, 4}
        [hit] = await index.get([1])
        assert hit.chunk.text == "Sabbaticals last six months."
        assert found(await index.search(VectorQuery(SearchMode.KEYWORD, 5, "sabbaticals"))) == [1]
        assert 1 not in found(await index.search(VectorQuery(SearchMode.KEYWORD, 5, "accrue")))
        assert len(await index.search(VectorQuery(SearchMode.VECTOR, 10, vector=unit(1, 1, 1, 1)))) == 4

    async def test_a_batch_may_name_a_row_twice(self, store: VectorStore) -> None:
        """The last one counts."""
        index = await store.open(SPEC)
        await index.upsert([ROWS[0], chunk_row(1, "Later words.", unit(0, 1, 0, 0))])
        [hit] = await index.search(VectorQuery(SearchMode.VECTOR, 5, vector=unit(0, 1, 0, 0)))
        assert hit.chunk.text == "Later words."

    async def test_deleted_rows_are_gone(self, index: VectorIndex) -> None:
        """From every way of reading; unknown ids do no harm."""
        await index.delete([1, 999])
        await index.delete([])
        assert await index.ids() == {2, 3, 4}
        assert await index.get([1]) == []
        for mode in SearchMode:
            hits = await index.search(VectorQuery(mode, 10, "vacation days", unit(1, 0, 0, 0)))
            assert 1 not in found(hits)
        await index.upsert(ROWS[:1])
        assert await index.ids() == {1, 2, 3, 4}

    async def test_ids_of_a_document(self, index: VectorIndex) -> None:
        """Only its own."""
        assert await index.ids("a") == {1, 2}
        assert await index.ids("ü") == {4}
        assert await index.ids('a" or id > 0 or "') == set()

    async def test_vector_search_ranks_by_cosine(self, index: VectorIndex) -> None:
        """The nearest first, with its cosine."""
        hits = await index.search(VectorQuery(SearchMode.VECTOR, 3, vector=unit(1, 0, 0, 0)))
        assert found(hits)[:2] == [1, 2]
        assert hits[0].score == pytest.approx(1.0, abs=1e-5)
        assert hits[0].scores["cosine"] == hits[0].score
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    async def test_keyword_search_ranks_by_bm25(self, index: VectorIndex) -> None:
        """Word forms meet; scores are positive, the best highest."""
        hits = await index.search(VectorQuery(SearchMode.KEYWORD, 5, "vacation accrual of an employee"))
        assert found(hits) == [1, 3]
        assert hits[0].score > hits[1].score > 0
        assert hits[0].scores["bm25"] == hits[0].score

    async def test_keyword_search_without_a_known_word_finds_nothing(self, index: VectorIndex) -> None:
        """No words, no hits."""
        assert await index.search(VectorQuery(SearchMode.KEYWORD, 5, "xylophone")) == []
        assert await index.search(VectorQuery(SearchMode.KEYWORD, 5, "?!")) == []

    async def test_hybrid_search_joins_both(self, index: VectorIndex) -> None:
        """What both stages like comes first; what either finds is there."""
        query = VectorQuery(SearchMode.HYBRID, 4, "patched servers", unit(1, 0, 0, 0))
        hits = await index.search(query)
        assert set(found(hits)) == {1, 2, 3, 4}
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        both = await index.search(VectorQuery(SearchMode.HYBRID, 1, "accrue vacation", unit(1, 0, 0, 0)))
        assert found(both) == [1]
        assert len(await index.search(VectorQuery(SearchMode.HYBRID, 4, "?!", unit(1, 0, 0, 0)))) == 4

    async def test_the_same_search_gives_the_same_answer(self, index: VectorIndex) -> None:
        """Ties too."""
        await index.upsert([chunk_row(n, "same words", unit(0, 0, 0, 1)) for n in range(50, 70)])
        for mode in SearchMode:
            query = VectorQuery(mode, 7, "same words", unit(0, 0, 0, 1))
            assert len({tuple(found(await index.search(query))) for _ in range(3)}) == 1

    async def test_filters(self, index: VectorIndex) -> None:
        """Every operator, alone and joined, in every mode."""
        for condition, expected in FILTERS:
            query = VectorQuery(SearchMode.VECTOR, 10, vector=unit(1, 1, 1, 1), filter=condition)
            assert set(found(await index.search(query))) == expected, condition
        condition = eq("team", "it")
        query = VectorQuery(SearchMode.KEYWORD, 10, "vacation", filter=condition)
        assert found(await index.search(query)) == [3]
        query = VectorQuery(SearchMode.HYBRID, 10, "vacation", unit(1, 0, 0, 0), condition)
        assert found(await index.search(query)) == [3]

    async def test_a_filter_value_cannot_break_out(self, index: VectorIndex) -> None:
        """Quotes, brackets and operators in keys and values are only text."""
        nasty = [
            '" or id > 0 or "',
            "'",
            "\\",
            '\\"',
            "]) or (id > 0",
            "{x}",
            "a\nb",
            "\t",
            "%",
            "日本",
            "\0",
        ]
        rows = [
            chunk_row(100 + n, "nasty", unit(0, 0, 1, 1), metadata={text or "empty": text})
            for n, text in enumerate(nasty)
        ]
        await index.upsert(rows)
        for n, text in enumerate(nasty):
            query = VectorQuery(SearchMode.VECTOR, 50, vector=unit(1, 1, 1, 1), filter=eq(text, text))
            assert found(await index.search(query)) == [100 + n], text

    async def test_unicode_is_found(self, index: VectorIndex) -> None:
        """Words of other scripts are words."""
        assert found(await index.search(VectorQuery(SearchMode.KEYWORD, 5, "überstunden"))) == [4]
        assert found(await index.search(VectorQuery(SearchMode.KEYWORD, 5, "日本語"))) == [4]

    async def test_an_empty_index_answers(self, store: VectorStore) -> None:
        """With nothing."""
        index = await store.open(SPEC)
        for mode in SearchMode:
            assert await index.search(VectorQuery(mode, 5, "words", unit(1, 0, 0, 0))) == []
        assert await index.ids() == set()
        await index.upsert([])
        await index.delete([1])

    async def test_a_limit_beyond_the_rows_gives_all(self, index: VectorIndex) -> None:
        """And no padding."""
        assert len(await index.search(VectorQuery(SearchMode.VECTOR, 500, vector=unit(1, 1, 1, 1)))) == 4

    async def test_long_texts_are_kept_whole(self, store: VectorStore) -> None:
        """Longer than what keyword search may index."""
        index = await store.open(SPEC)
        text = "wörter " * 9000
        await index.upsert([chunk_row(1, text[:30_000], unit(1, 0, 0, 0))])
        [hit] = await index.get([1])
        assert hit.chunk.text == text[:30_000]

    async def test_another_shape_is_refused(self, index: VectorIndex, store: VectorStore) -> None:
        """Vectors of two models never mix."""
        for other in (
            IndexSpec(SPEC.name, 8, SPEC.embedding_fingerprint, SPEC.chunker_spec),
            IndexSpec(SPEC.name, 4, "model-2", SPEC.chunker_spec),
        ):
            with pytest.raises(ConflictError) as caught:
                await store.open(other)
            assert caught.value.code == "index_mismatch"
            assert caught.value.hint

    async def test_what_is_not_there_cannot_be_adopted(self, store: VectorStore) -> None:
        """What another server is said to have filled, and has not."""
        with pytest.raises(NotFoundError) as refused:
            await store.adopt("filled_by_others", 8)
        assert refused.value.code == "unknown_adopted_collection"

    async def test_drop_and_make_again(self, index: VectorIndex, store: VectorStore) -> None:
        """A dropped index leaves nothing behind, and may come back with another shape."""
        assert SPEC.name in await store.names()
        await store.drop(SPEC.name)
        await store.drop(SPEC.name)
        assert SPEC.name not in await store.names()
        again = await store.open(IndexSpec(SPEC.name, 8, "model-2", "chunker-2"))
        assert await again.ids() == set()

    async def test_an_alias_stands_for_one_index_at_a_time(
        self, index: VectorIndex, store: VectorStore
    ) -> None:
        """It is moved, is no index itself, and goes with the index it stands for."""
        await store.open(IndexSpec("contract_g2", 4, "model-2", "chunker-1"))
        for name in (SPEC.name, SPEC.name, "contract_g2"):
            await store.point("contract_live", name)
            assert "contract_live" not in await store.names()
        with pytest.raises(NotFoundError) as refused:
            await store.point("contract_live", "contract_g3")
        assert refused.value.code == "unknown_index"
        await store.drop("contract_g2")
        await store.point("contract_live", SPEC.name)
        assert await index.ids() == {1, 2, 3, 4}

    async def test_indexes_do_not_see_each_other(self, index: VectorIndex, store: VectorStore) -> None:
        """One store, several indexes."""
        other = await store.open(IndexSpec("other", 4, "model-1", "chunker-1"))
        await other.upsert(ROWS[:1])
        assert await other.ids() == {1}
        assert await index.ids() == {1, 2, 3, 4}

    async def test_rows_outlive_closing(self, make_store: MakeStore) -> None:
        """Reopened, everything is there as it was written, and searchable."""
        if not self.persistent:
            pytest.skip("this store keeps nothing")
        store = await make_store()
        await (await store.open(SPEC)).upsert(ROWS)
        for _ in range(2):
            index = await (await make_store()).open(SPEC)
            assert await index.ids() == {1, 2, 3, 4}
            await check_rows(index)
            for mode in SearchMode:
                hits = await index.search(VectorQuery(mode, 1, "accrue vacation", unit(1, 0, 0, 0)))
                assert found(hits) == [1]
        await index.delete([1])
        index = await (await make_store()).open(SPEC)
        assert await index.ids() == {2, 3, 4}
        assert found(await index.search(VectorQuery(SearchMode.KEYWORD, 5, "vacation"))) == [3]

    async def test_searches_and_writes_at_once(self, index: VectorIndex) -> None:
        """No search fails or sees half a row while rows come and go."""

        async def write(start: int) -> None:
            for n in range(start, start + 20, 5):
                await index.upsert([chunk_row(n + i, "vacation words", unit(1, 0, 0, i)) for i in range(5)])
            await index.delete(range(start, start + 10))

        async def read() -> None:
            for mode in SearchMode:
                hits = await index.search(VectorQuery(mode, 100, "vacation", unit(1, 0, 0, 0)))
                assert 1 in found(hits)
                assert all(hit.chunk.text for hit in hits)

        await asyncio.gather(*(write(1000 * n) for n in range(1, 4)), *(read() for _ in range(6)))
        assert len(await index.ids()) == 4 + 3 * 10
