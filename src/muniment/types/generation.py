"""Generations: the indexes behind a collection, of which one is live."""

from dataclasses import dataclass, field
from enum import StrEnum

from muniment.types.store import JsonObject


class GenerationState(StrEnum):
    """What a generation is to its collection.

    A retired one is being removed; of a removed one only the record is left, so that its number is
    never used again.
    """

    LIVE = "live"
    STAGED = "staged"
    PREVIOUS = "previous"
    RETIRED = "retired"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Generation:
    """One index of a collection, and how its chunks and vectors are made.

    Attributes:
        number: counts from 1 within the collection.
        index_name: names it in the vector store.
        embedding_model: the name that the settings gave the model.
        embedding_fingerprint: the model's own; the same text gets the same vector as long as it stays.
        embedding_settings: the provider and options of the model, without secrets.
        parser_version: the parser that the settings asked for when it was made.
        created_at, promoted_at: ISO 8601, UTC; empty when it was never live.
    """

    collection: str
    number: int
    state: GenerationState
    index_name: str
    dimension: int
    embedding_model: str
    embedding_fingerprint: str
    chunker_spec: str
    parser_version: str
    embedding_settings: JsonObject = field(default_factory=dict)
    created_at: str = ""
    promoted_at: str = ""


@dataclass(frozen=True, slots=True)
class GenerationStatus:
    """A generation as it is shown, with counts of its documents; ``chunks`` counts shared content once."""

    collection: str
    number: int
    state: GenerationState
    index_name: str
    embedding_model: str
    dimension: int
    chunker: str
    parser: str
    documents: int
    failed: int
    chunks: int
    created_at: str = ""
    promoted_at: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the settings ask for and the live generation does not have.

    ``what`` is ``embedding_model``, ``chunker`` or ``parser``.
    """

    what: str
    live: str
    wanted: str


@dataclass(frozen=True, slots=True)
class GenerationChange:
    """Why a new generation is wanted, and how many documents it makes anew.

    ``reparse``, ``rechunk`` and ``reembed`` are counts of documents.
    """

    live: int
    differences: tuple[Difference, ...]
    reparse: int = 0
    rechunk: int = 0
    reembed: int = 0

    @property
    def reason(self) -> str:
        """The differences in words."""
        return "; ".join(
            f"{one.what.replace('_', ' ')} is {one.wanted}, was {one.live or 'not noted'}"
            for one in self.differences
        )
