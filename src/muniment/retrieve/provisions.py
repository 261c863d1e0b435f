"""A question that names a provision finds it: chunks under its heading come first.

Keyword search finds all that mention "Article 9", which in a long regulation is more than anybody reads; its
text itself often shares no other word with the question.
"""

from collections.abc import Sequence

from muniment.language.provisions import Reference, heads, references
from muniment.types import Chunk, StoredHit


def names_provision(question: str) -> bool:
    """Whether a question names a provision by its number."""
    return bool(references(question))


def provisions_first(question: str, hits: Sequence[StoredHit]) -> list[StoredHit]:
    """The hits in their order, those first whose own heading, or a line of whose text, is that of a provision
    which the question names."""
    named = references(question)
    return sorted(hits, key=lambda hit: not any(_holds(hit.chunk, one) for one in named))


def _holds(chunk: Chunk, reference: Reference) -> bool:
    lines = (*chunk.headings[-1:], *chunk.text.split("\n"))
    return any(heads(line.strip(), reference) for line in lines)
