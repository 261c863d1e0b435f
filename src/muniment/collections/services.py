"""What the HTTP server offers besides questions and documents: stores, files, objects kept for clients."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from muniment.answer.briefing import PLAIN, Briefing
from muniment.answer.events import AnswerEvent
from muniment.answer.models import Models
from muniment.catalog.resources import Resources
from muniment.collections.attachments import Attachments
from muniment.collections.embedding_models import EmbeddingModels
from muniment.collections.files import Files
from muniment.collections.model_directory import ModelDirectory
from muniment.collections.rerankers import Rerankers
from muniment.collections.stores import Stores
from muniment.collections.workspace import Workspace
from muniment.protocols import Generator
from muniment.types import Filter, Passage, SearchMode


@dataclass(frozen=True, slots=True)
class Searched:
    """Which collections, one or more, are searched for an answer, and how.

    Attributes:
        limit: passages looked at; the first collection's own number when omitted.
        fits: which passages are looked at; all when omitted.
    """

    collections: tuple[str, ...]
    limit: int | None = None
    filter: Filter | None = None
    fits: Callable[[Passage], bool] | None = None
    mode: SearchMode = SearchMode.HYBRID


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the domain that only clients of the HTTP API use.

    Attributes:
        models: language models by name, to be spoken to.
        rerankers: models that judge texts, by name.
        model_directory: all of these models as listings show them.
    """

    stores: Stores
    files: Files
    attachments: Attachments
    embedding_models: EmbeddingModels
    resources: Resources
    models: Models
    rerankers: Rerankers
    model_directory: ModelDirectory


class ServedWorkspace(Workspace, Protocol):
    """A workspace with everything that the HTTP server offers."""

    @property
    def services(self) -> Services:
        """Stores, files and the rest."""

    def answer_from(
        self,
        searched: Searched,
        question: str,
        *,
        generator: Generator | str | None = None,
        briefing: Briefing = PLAIN,
    ) -> AsyncIterator[AnswerEvent]:
        """One answer from several collections, in the making; the passages of all are ranked together.

        Args:
            generator: a declared generator's name, or one made for this answer; the first collection's
                own when omitted.

        Raises:
            NotFoundError: codes ``unknown_collection``, ``unknown_generator``.
            MunimentError: as ``answer``; a collection that cannot be searched is an error, never a gap.
        """
