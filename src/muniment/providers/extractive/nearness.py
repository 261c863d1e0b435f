"""How near candidates stand to the question in the embedding model's space."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muniment.language.tables import is_header, named_cells
from muniment.protocols import Embedder
from muniment.providers.extractive.candidates import Candidate

KEPT = 8192
"""Vectors remembered, 12 MB at 384 dimensions: neighbouring questions find the same passages."""


class Nearness:
    """Cosines of a question with candidates; remembers the vectors of the last candidates by their text."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._vectors: OrderedDict[tuple[str, str], NDArray[np.float32]] = OrderedDict()

    async def cosines(
        self, question: str, candidates: Sequence[Candidate], embedder: Embedder
    ) -> list[float]:
        """The cosine of each candidate with the question, in order.

        Raises:
            UnavailableError: a remote embedding model does not answer.
        """
        texts = [embedded_text(candidate) for candidate in candidates]
        found = {text: vector for text in texts if (vector := self._known(embedder, text)) is not None}
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            found |= dict(zip(missing, await embedder.embed_texts(missing, urgent=True), strict=True))
            self._keep(embedder, missing, found)
        query = await embedder.embed_query(question)
        return [float(np.einsum("i,i->", found[text], query)) for text in texts]

    def _known(self, embedder: Embedder, text: str) -> NDArray[np.float32] | None:
        key = (embedder.fingerprint, text)
        if key in self._vectors:
            self._vectors.move_to_end(key)
        return self._vectors.get(key)

    def _keep(self, embedder: Embedder, texts: list[str], vectors: dict[str, NDArray[np.float32]]) -> None:
        for text in texts:
            self._vectors[embedder.fingerprint, text] = vectors[text].copy()  # a view would keep its batch
        while len(self._vectors) > self._kept:
            self._vectors.popitem(last=False)


def embedded_text(candidate: Candidate) -> str:
    """What the model sees of a candidate: a row's cells stand behind their columns' names.

    Headings are left out: measured, they draw all sentences of a section alike and help none to be found.
    """
    if not candidate.unit.header:
        return candidate.text
    header = candidate.passage.passage.chunk.text[slice(*candidate.unit.header)]
    named = named_cells(header, candidate.text)
    if named is None:
        return f"{header}\n{candidate.text}" if is_header(header) else candidate.text
    return "; ".join(f"{name}: {cell}" for name, cell in named)
