"""How near candidates stand to the question in the embedding model's space."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from muniment.language.units import CELL_SEPARATOR
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
        if not texts:
            return []
        known = {text: self._vectors.get((embedder.fingerprint, text)) for text in texts}
        missing = [text for text, vector in known.items() if vector is None]
        if missing:
            known |= dict(zip(missing, await embedder.embed_texts(missing), strict=True))
        query = await embedder.embed_query(question)
        found = {text: vector for text, vector in known.items() if vector is not None}
        self._keep(embedder.fingerprint, found)
        return [float(np.einsum("i,i->", found[text], query)) for text in texts]

    def _keep(self, fingerprint: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        for text, vector in vectors.items():
            self._vectors[fingerprint, text] = vector.copy()  # not a view, which would keep its batch
            self._vectors.move_to_end((fingerprint, text))
        while len(self._vectors) > self._kept:
            self._vectors.popitem(last=False)


def embedded_text(candidate: Candidate) -> str:
    """What the model sees of a candidate: the nearest heading, and a row's cells behind their column names.

    A sentence under "Hotels" need not say hotel; "185" says nothing without its column.
    """
    chunk = candidate.passage.passage.chunk
    text = candidate.text
    if candidate.unit.header:
        text = _named_cells(chunk.text[slice(*candidate.unit.header)], text)
    return f"{chunk.headings[-1]}: {text}" if chunk.headings else text


def _named_cells(header: str, row: str) -> str:
    names, cells = header.split(CELL_SEPARATOR), row.split(CELL_SEPARATOR)
    if len(names) != len(cells):
        return f"{header}\n{row}"
    return "; ".join(f"{name.strip()}: {cell.strip()}" for name, cell in zip(names, cells, strict=True))
