"""Batches hold every text once and stay within the limit."""

from hypothesis import given
from hypothesis import strategies as st

from muniment.providers.encoder.batches import batches, padded, tight_batches


@given(st.lists(st.integers(2, 512), max_size=200), st.integers(64, 4096))
def test_every_text_is_in_one_batch_and_none_exceeds_the_limit(lengths: list[int], limit: int) -> None:
    made = list(batches(lengths, limit))
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    for batch in made:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= limit


@given(st.lists(st.integers(2, 512), min_size=2, max_size=200), st.integers(2, 8))
def test_a_few_texts_are_shared_out_among_the_threads(lengths: list[int], threads: int) -> None:
    made = list(batches(lengths, 1_000_000, threads))
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    assert len(made) > 1
    share = -(-sum(map(padded, lengths)) // threads)
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= share for batch in made)


@given(st.lists(st.integers(2, 512), min_size=1, max_size=40), st.integers(512, 4096), st.integers(1, 4))
def test_tight_batches_hold_every_text_once_and_pad_little(
    lengths: list[int], limit: int, threads: int
) -> None:
    made = tight_batches(lengths, limit, threads)
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    sizes = [len(batch) * padded(max(lengths[i] for i in batch)) for batch in made]
    assert all(size <= limit for batch, size in zip(made, sizes, strict=True) if len(batch) > 1)
    one_by_one = sum(32 + padded(length) for length in lengths)
    assert sum(32 + size for size in sizes) <= one_by_one


def test_texts_of_one_length_stay_together_and_a_long_one_stands_alone() -> None:
    made = tight_batches([120, 20, 21, 22, 23], 16_384, 2)
    assert [sorted(batch) for batch in made] == [[0], [1, 2, 3, 4]]
