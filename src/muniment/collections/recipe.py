"""How a generation's chunks and vectors are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from re import sub
from typing import Any

from muniment.chunkers import chunker_for
from muniment.collections.embedding_models import EmbeddingModels
from muniment.protocols import Chunker, Embedder, IndexSpec
from muniment.types import Difference, Generation, GenerationState, JsonObject

_SECRET = ("key", "password", "secret", "token")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into an index, as declared or as a generation was made.

    Attributes:
        embedding_model: the name that the settings give the model.
        embedding_settings: its provider and options, without secrets.
        chunker_spec: of the collection's own chunker; documents may have others.
        chunker_of: makes a chunker from its spec; raises StorageError ``unknown_chunking``.
    """

    embedder: Embedder
    embedding_model: str
    embedding_settings: JsonObject
    chunker_spec: str
    parser_version: str
    chunker_of: Callable[[str], Chunker]

    @property
    def chunker(self) -> Chunker:
        """The collection's chunker; StorageError ``unknown_chunking``."""
        return self.chunker_of(self.chunker_spec)

    def generation(self, collection: str, number: int, state: GenerationState) -> Generation:
        """A generation made by it."""
        return Generation(
            collection=collection,
            number=number,
            state=state,
            index_name=index_name(collection, number),
            dimension=self.embedder.dimension,
            embedding_model=self.embedding_model,
            embedding_fingerprint=self.embedder.fingerprint,
            embedding_settings=self.embedding_settings,
            chunker_spec=self.chunker_spec,
            parser_version=self.parser_version,
        )

    def applied_to(self, generation: Generation) -> Generation:
        """The generation made anew by it, under its own number and name."""
        made = self.generation(generation.collection, generation.number, generation.state)
        return replace(
            made,
            index_name=generation.index_name,
            created_at=generation.created_at,
            promoted_at=generation.promoted_at,
        )

    def differences(self, generation: Generation) -> tuple[Difference, ...]:
        """What it would make otherwise than the generation was made."""
        found: list[Difference] = []
        if self.embedder.fingerprint != generation.embedding_fingerprint:
            live, wanted = generation.embedding_model, self.embedding_model
            if live == wanted:
                live, wanted = f"{live} ({generation.dimension})", f"{wanted} in another form"
            found.append(Difference("embedding_model", live, wanted))
        if self.chunker_spec != generation.chunker_spec:
            found.append(Difference("chunker", generation.chunker_spec, self.chunker_spec))
        if self.parser_version != generation.parser_version:
            found.append(Difference("parser", generation.parser_version, self.parser_version))
        return tuple(found)


def index_spec(generation: Generation) -> IndexSpec:
    """What the vector store is told of it."""
    return IndexSpec(
        generation.index_name,
        generation.dimension,
        generation.embedding_fingerprint,
        generation.chunker_spec,
    )


def index_name(collection: str, number: int = 1) -> str:
    """An index's name: letters, digits and underscores, different for every collection and generation."""
    digest = sha256(collection.encode()).hexdigest()[:8]
    name = f"muniment_{sub('[^a-z0-9]', '_', collection)}_{digest}"
    return name if number == 1 else f"{name}_g{number}"


def alias_of(collection: str) -> str:
    """The name under which other programs find the live generation's index in the vector store."""
    return f"{index_name(collection)}_live"


def without_secrets(options: Mapping[str, Any]) -> JsonObject:
    """Options of a provider without those that hold a secret; names of variables and files stay."""
    return {name: value for name, value in options.items() if not name.casefold().endswith(_SECRET)}


async def recipe_of(generation: Generation, models: EmbeddingModels) -> Recipe:
    """How the generation was made, whatever the settings say now.

    Raises:
        UnavailableError: code ``generation_model_gone``: its embedding model cannot be had any more.
    """
    embedder = await models.made_before(
        generation.embedding_model, generation.embedding_fingerprint, generation.embedding_settings
    )
    return Recipe(
        embedder,
        generation.embedding_model,
        generation.embedding_settings,
        generation.chunker_spec,
        generation.parser_version,
        partial(chunker_for, tokenizer=embedder.tokenizer),
    )
