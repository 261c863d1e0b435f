"""Stems: the same whichever threads ask for them."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

from muniment.language.terms import stem

WORDS = [
    "".join(parts) for parts in product("bcdfglmnprst", "aeiou", "nrt", ["ing", "ational", "ies", "ements"])
]


def test_threads_do_not_disturb_each_others_stems() -> None:
    alone = {word: stem(word) for word in WORDS}
    stem.cache_clear()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            orders = [WORDS, WORDS[::-1], WORDS[::2] + WORDS[1::2], sorted(WORDS)]
            together = list(
                threads.map(lambda order: {word: stem.__wrapped__(word) for word in order}, orders)
            )
    finally:
        sys.setswitchinterval(before)
    assert together == [alone] * 4
