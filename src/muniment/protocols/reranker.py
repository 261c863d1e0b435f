"""From a query and texts to how well each text answers it."""

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """A model that reads query and text together, such as a cross-encoder."""

    @property
    def name(self) -> str:
        """The name the settings give it."""

    async def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """One finite score for each text, in the order of ``texts``; higher is better.

        Scores of one query can be compared, also between calls. What is too long is cut where the model
        can cut it.

        Raises:
            UnavailableError: codes ``reranker_unavailable``, ``reranker_refused``.
            TimeoutExceededError: code ``reranker_timeout``.
            InputError: code ``reranker_refused``: it does not take this query or these texts.
        """

    async def check(self) -> None:
        """Whether it can score now; raises as ``score``, saying what to do."""

    async def aclose(self) -> None:
        """Free the model or connection."""
