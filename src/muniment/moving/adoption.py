"""Whether the vectors of an adopted collection come from the embedding model that is to search them."""

from dataclasses import dataclass

from muniment.errors import ConflictError
from muniment.protocols import AdoptedIndex, Embedder
from muniment.types import SearchMode, VectorQuery

SAMPLE = 3
LEAST_COSINE = 0.9
"""The same model gives nearly 1, even computed with 8 bits; another of the same dimension below 0.5."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is adopted, and the cosine of each sampled chunk with its text embedded anew."""

    documents: int
    chunks: int
    cosines: tuple[float, ...]


async def check_adoption(index: AdoptedIndex, embedder: Embedder, what: str) -> Adoption:
    """Embed the text of a few chunks anew and compare with what is stored nearest to it.

    Args:
        what: how messages call the collection.

    Raises:
        ConflictError: code ``not_adoptable`` for an empty collection, ``embedding_model_mismatch``.
    """
    ids = sorted(await index.ids())
    if not ids:
        raise ConflictError(
            f"{what} holds no chunks with text, so there is nothing to adopt.",
            code="not_adoptable",
            hint="Name a collection that Llama Stack filled.",
        )
    sample = sorted({ids[0], ids[len(ids) // 2], ids[-1]})[:SAMPLE]
    texts = [hit.chunk.text for hit in await index.get(sample)]
    cosines = []
    for vector in await embedder.embed_texts(texts):
        nearest = await index.search(VectorQuery(SearchMode.VECTOR, 1, vector=vector))
        cosines.append(nearest[0].score)
    if min(cosines) < LEAST_COSINE:
        shown = ", ".join(f"{cosine:.2f}" for cosine in cosines)
        raise ConflictError(
            f"The vectors of {what} do not come from {embedder.name}: chunks embedded anew have a cosine of "
            f"{shown} with the nearest stored vector; at least {LEAST_COSINE} is expected.",
            code="embedding_model_mismatch",
            hint="Name the model that the collection was filled with: --embedding-model.",
        )
    return Adoption(len(await index.documents()), len(ids), tuple(cosines))
