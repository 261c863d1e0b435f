"""From text to the terms that BM25 counts: lower-cased, English stop words dropped, stemmed.

Analysed here and not inside the store, so that every store ranks alike: Milvus Lite's analyzer has
no stemmer, and words such as "the" would cost it most of the time of a search.
"""

import re
import unicodedata
from functools import lru_cache
from threading import local

from snowballstemmer import stemmer

_WORD = re.compile(r"\w+")

# Lucene's English list: short on purpose, so that "who", "when" or "all" still count.
STOP_WORDS = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no"}
    | {"not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this"}
    | {"to", "was", "will", "with"}
)

_threads = local()


def analyze(text: str) -> list[str]:
    """The terms of ``text`` in order, repeated as often as they stand there.

    A text of nothing but stop words keeps them, so that it can still be searched for.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    kept = [word for word in words if word not in STOP_WORDS]
    return [_stem(word) for word in kept or words]


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    # A Snowball stemmer keeps its place in the word in attributes: one for each thread.
    if not hasattr(_threads, "stemmer"):
        _threads.stemmer = stemmer("english")
    return str(_threads.stemmer.stemWord(word))
