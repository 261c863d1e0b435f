"""What the HTTP server offers besides questions and documents: stores, files, objects kept for clients."""

from dataclasses import dataclass
from typing import Protocol

from muniment.answer.models import Models
from muniment.catalog.resources import Resources
from muniment.collections.attachments import Attachments
from muniment.collections.embedding_models import EmbeddingModels
from muniment.collections.files import Files
from muniment.collections.model_directory import ModelDirectory
from muniment.collections.stores import Stores
from muniment.collections.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the domain that only clients of the HTTP API use.

    Attributes:
        models: language models by name, to be spoken to.
        model_directory: language and embedding models as listings show them.
    """

    stores: Stores
    files: Files
    attachments: Attachments
    embedding_models: EmbeddingModels
    resources: Resources
    models: Models
    model_directory: ModelDirectory


class ServedWorkspace(Workspace, Protocol):
    """A workspace with everything that the HTTP server offers."""

    @property
    def services(self) -> Services:
        """Stores, files and the rest."""
