"""How probable it is that the documents answer a question."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from muniment.answerability.lacks import notes_on
from muniment.answerability.model import Model, load_model
from muniment.answerability.reader import closeness
from muniment.answerability.signals import lacking, signals
from muniment.answerability.windows import Window, choose_windows
from muniment.protocols import Embedder, TokenReader, TokenStates
from muniment.providers.extractive.question import read_question
from muniment.types import Passage

KEPT = 64
"""Texts remembered as they were read, up to 0.5 MB each: neighbouring questions find the same passages."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """``confidence`` is the probability that the passages answer the question; ``lacks`` says, in
    sentences, what of the question they do not hold."""

    confidence: float
    lacks: tuple[str, ...] = ()


class Answerability:
    """Judges whether passages answer a question; remembers what it read last.

    Reads the window that promises most with the embedding model, where it is the one that the reader was
    trained on; judges by the other signals alone where it is not. Reading three more windows takes three
    times as long and tells no more questions apart (benchmarks/abstention).
    """

    def __init__(self, model: Model | None = None, kept: int = KEPT) -> None:
        self._model = model or load_model()
        self._kept = kept
        self._read: OrderedDict[tuple[str, str], TokenStates] = OrderedDict()

    async def assess(
        self, question: str, passages: Sequence[Passage], embedder: Embedder | None = None
    ) -> Assessment:
        """The probability, 0 when there are no passages.

        Raises:
            UnavailableError: a remote embedding model does not answer.
        """
        if not passages:
            return Assessment(0.0)
        asked = read_question(question)
        windows = await asyncio.to_thread(choose_windows, asked.terms, passages)
        if not windows:
            return Assessment(0.0)
        cosines, read = await self._look(question, windows, embedder)
        return await asyncio.to_thread(self._judge, question, passages, windows, cosines, read)

    def _judge(
        self,
        question: str,
        passages: Sequence[Passage],
        windows: Sequence[Window],
        cosines: Mapping[int, float] | None,
        read: Sequence[TokenStates],
    ) -> Assessment:
        asked = read_question(question)
        missing = lacking(asked, passages, windows)
        counted = signals(asked, passages, windows, cosines or {}, missing)
        if cosines is None:
            log_odds = self._model.words.log_odds(counted)
        elif not read:
            log_odds = self._model.vectors.log_odds(counted)
        else:
            opinion = self._model.reader.read(read[0], read[1:])
            seen = np.concatenate([counted, closeness(read[0], read[1:]), np.array([opinion], np.float32)])
            log_odds = self._model.all.log_odds(seen)
        return Assessment(probability(log_odds), notes_on(asked, missing))

    async def _look(
        self, question: str, windows: Sequence[Window], embedder: Embedder | None
    ) -> tuple[dict[int, float] | None, list[TokenStates]]:
        """Cosines of windows with the question by their places, None without a model; and what the reader
        needs, the question first, where the model is the reader's."""
        if embedder is None:
            return None, []
        if isinstance(embedder, TokenReader) and embedder.weights_sha256 == self._model.encoder_sha256:
            best = max(range(len(windows)), key=lambda place: windows[place].promise)
            read = await self._states([question, windows[best].read_text], embedder)
            if all(len(text.ids) for text in read):
                return {best: float(read[0].vector @ read[1].vector)}, read
        vectors = await embedder.embed_texts([window.read_text for window in windows], urgent=True)
        query = await embedder.embed_query(question)
        return {place: float(cosine) for place, cosine in enumerate(vectors @ query)}, []

    async def _states(self, texts: Sequence[str], embedder: TokenReader) -> list[TokenStates]:
        sha256 = embedder.weights_sha256 or ""
        known = {text: self._read[sha256, text] for text in texts if (sha256, text) in self._read}
        unread = list(dict.fromkeys(text for text in texts if text not in known))
        if unread:
            known |= dict(zip(unread, await embedder.read_tokens(unread), strict=True))
        for text in texts:
            self._read[sha256, text] = known[text]
            self._read.move_to_end((sha256, text))
        while len(self._read) > self._kept:
            self._read.popitem(last=False)
        return [known[text] for text in texts]


def probability(log_odds: float) -> float:
    """The probability with these log-odds, strictly inside 0 and 1 but for rounding."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
