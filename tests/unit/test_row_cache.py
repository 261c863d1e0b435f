"""Rows that are kept are never other than those in the store."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.providers.milvus.row_cache import ROW_OVERHEAD, RowCache

IDS = st.integers(0, 5)
STEPS = st.lists(st.tuples(st.sampled_from(["read", "write", "read while written"]), IDS), max_size=40)


@given(STEPS, st.integers(1, 6))
def test_what_is_kept_is_what_the_store_has(steps: list[tuple[str, int]], room: int) -> None:
    cache = RowCache(room * (ROW_OVERHEAD + 2))
    store = {number: {"text": "00"} for number in range(6)}
    for time, (step, number) in enumerate(steps):
        changes, read = cache.changes, {number: store[number]}
        if step != "read":
            store[number] = {"text": f"{time:02}"}
            cache.changed([number])
        if step != "write":
            cache.keep(read, changes)
        kept = cache.get(store)
        assert kept == {number: store[number] for number in kept}
        assert len(kept) <= room


def test_the_rows_used_last_stay() -> None:
    cache = RowCache(2 * (ROW_OVERHEAD + 1))
    for number in (1, 2):
        cache.keep({number: {"text": "x"}}, cache.changes)
    assert set(cache.get([1])) == {1}
    cache.keep({3: {"text": "x"}}, cache.changes)
    assert set(cache.get([1, 2, 3])) == {1, 3}
    cache.changed([1])
    assert set(cache.get([1, 2, 3])) == {3}
