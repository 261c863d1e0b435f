"""What can be set. Every field has a description; docs/reference/settings.md is made from them."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from muniment.settings.catalog_uri import CatalogUri
from muniment.settings.gate import GateSettings

DEFAULT_EMBEDDING_MODEL = "all-MiniLM-L6-v2"
DEFAULT_GENERATOR = "extractive"
NO_RERANKER = "none"

CollectionName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class DialectName(StrEnum):
    """The servers whose dialects the HTTP server speaks, each by the version it speaks as."""

    LLAMA_STACK_0_2_12 = "llama-stack-0.2.12"
    LLAMA_STACK_0_2_22 = "llama-stack-0.2.22"
    LLAMA_STACK_0_3 = "llama-stack-0.3"
    LLAMA_STACK_0_7 = "llama-stack-0.7"
    OGX_1 = "ogx-1"
    OPENAI = "openai"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ProviderSettings(BaseModel):
    """A provider's name and its options, which the provider itself checks."""

    model_config = ConfigDict(extra="allow", frozen=True)

    provider: str = Field(description="Name of the provider, such as `openai` or `milvus`.")

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the provider's name."""
        return dict(self.__pydantic_extra__ or {})


class SourceSettings(ProviderSettings):
    """Where a collection's documents come from; `path: DIR` alone means a local folder."""

    provider: str = Field(default="folder", description="Provider of the source.")


class ChunkingSettings(_Strict):
    """How documents are split."""

    max_tokens: int = Field(
        default=256,
        ge=32,
        le=8192,
        description="Largest chunk in tokens of the embedding model, headings included. "
        "Capped at what the model reads.",
    )
    min_tokens: int = Field(
        default=48,
        ge=0,
        le=4096,
        description="Neighbouring pieces under the same heading are joined up to this size and beyond "
        "while they fit.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "ChunkingSettings":
        if self.min_tokens >= self.max_tokens:
            raise ValueError(
                f"min_tokens ({self.min_tokens}) must be smaller than max_tokens ({self.max_tokens})"
            )
        return self


class AdoptSettings(_Strict):
    """A Milvus collection that a Llama Stack server filled, searched without copying it."""

    collection: str = Field(min_length=1, description="Name of the collection in Milvus.")
    uri: str | None = Field(
        default=None, description="Address of its Milvus, as in `vector_store`; that one when omitted."
    )
    api_key_env: str | None = Field(
        default=None, description="Environment variable with the token of the Milvus at `uri`."
    )

    @model_validator(mode="after")
    def _key_of_an_address(self) -> "AdoptSettings":
        if self.api_key_env and not self.uri:
            raise ValueError("api_key_env goes with uri; the key of vector_store stands there")
        return self


class CollectionSettings(_Strict):
    """A declared collection. It exists because it is declared."""

    description: str = Field(default="", description="Shown in listings.")
    sources: tuple[SourceSettings, ...] = Field(
        default=(), description="Where its documents come from. Uploads over HTTP are possible besides."
    )
    embedding_model: str = Field(
        default=DEFAULT_EMBEDDING_MODEL, description="A name under `embedding_models`, or a packaged model."
    )
    chunking: ChunkingSettings = Field(
        default_factory=ChunkingSettings, description="How documents are split."
    )
    generator: str | None = Field(
        default=None, description="A name under `generators`; `default_generator` when omitted."
    )
    reranker: str | None = Field(
        default=None,
        description="A name under `rerankers` whose model orders what a search found; `default_reranker` "
        "when omitted, `none` for no model. See ../concepts/retrieval.md.",
    )
    rerank_candidates: int = Field(
        default=30, ge=2, le=200, description="Passages that the reranker judges for a search, best first."
    )
    top_k: int = Field(default=8, ge=1, le=100, description="Passages given to the generator.")
    rewrite_follow_ups: bool = Field(
        default=True,
        description="In a conversation, let the generator's language model make a follow-up question whole "
        "before it is searched for (one short request).",
    )
    abstain_below: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Probability that the documents answer a question, below which nothing is answered; "
        "`answers.min_confidence` when omitted. It can be fitted to labelled questions.",
    )
    adopt: AdoptSettings | None = Field(
        default=None,
        description="A Milvus collection that another server filled, in place of sources; never written to. "
        "`muniment adopt` checks it and writes this.",
    )

    gate: GateSettings | None = Field(
        default=None,
        description="What an evaluation must come to: `muniment evaluate --gate` fails when it does not, "
        "and a new generation is not promoted. See ../concepts/quality.md.",
    )

    @model_validator(mode="after")
    def _adopted_as_it_is(self) -> "CollectionSettings":
        if self.adopt and self.sources:
            raise ValueError("an adopted collection is read as it is: give sources or adopt, not both")
        return self

    @field_validator("sources", mode="before")
    @classmethod
    def _one_source(cls, value: Any) -> Any:
        """Accept a bare path, or a list of them, for local folders."""
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list | tuple):
            return [{"provider": "folder", "path": item} if isinstance(item, str) else item for item in value]
        return value


class ServerSettings(_Strict):
    """The HTTP server."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; `0.0.0.0` for all.")
    port: int = Field(default=8321, ge=0, le=65535, description="Port to listen on.")
    max_upload_mb: int = Field(default=100, ge=1, description="Largest upload in MB.")
    delete_declared: bool = Field(
        default=False,
        description="Whether deleting a declared collection over the API empties it, instead of being "
        "refused. An emptied collection still exists, and the next ingestion fills it from its sources.",
    )
    max_question_chars: int = Field(default=8000, ge=100, description="Longest question in characters.")
    dialect: DialectName = Field(
        default=DialectName.OPENAI,
        description="Dialect of requests whose headers and path do not tell what their client expects, those "
        "of OpenAI's client among them: name the server that this one stands in for.",
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least severe log line."
    )


class IngestSettings(_Strict):
    """Limits and sizes of ingestion."""

    max_file_mb: int = Field(default=200, ge=1, description="Larger files are refused.")
    batch_chunks: int = Field(default=256, ge=1, description="Chunks embedded and written at a time.")
    readers: int = Field(default=2, ge=1, le=64, description="Documents read and parsed at a time.")
    queue_documents: int = Field(
        default=4, ge=1, description="Parsed documents waiting for embedding at most."
    )
    lease_s: float = Field(
        default=30.0,
        ge=1,
        description="Seconds after which a document that a worker was at when it died is taken by another.",
    )
    store_wait_s: float = Field(
        default=120.0,
        ge=0,
        le=86_400,
        description="Seconds that a run waits for a vector store that does not answer, before it fails. The "
        "next run goes on where it stopped.",
    )


class ReconcileSettings(_Strict):
    """The reconciler, which keeps what is declared in existence."""

    interval_s: float = Field(default=300.0, ge=1, description="Seconds between checks while serving.")
    ingest_on_start: bool = Field(
        default=True,
        description="Whether `serve` ingests new and changed files of declared sources at start.",
    )


class McpServerSettings(_Strict):
    """A server of the Model Context Protocol, offered to clients as a tool group and a connector."""

    url: str = Field(
        pattern=r"^https?://[^\s@]+$",
        description="Address with its path, such as `http://10.0.0.7:8000/mcp`.",
    )
    authorization_env: str | None = Field(
        default=None, description="Environment variable with the token sent as `Authorization: Bearer`."
    )


class McpSettings(_Strict):
    """Servers of the Model Context Protocol (MCP), whose tools language models may call."""

    servers: dict[str, McpServerSettings] = Field(
        default_factory=dict, description="Servers that are always there, by id, such as `mcp::tickets`."
    )
    allow: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "::1"),
        description="Hosts, with or without a port, of the servers that requests may name besides those in "
        "`servers`; `*` for every host. Whoever reaches this server can have it call them.",
    )
    timeout_s: float = Field(
        default=30.0, gt=0, le=3600, description="Seconds that listing tools or a call may take."
    )
    max_result_chars: int = Field(
        default=50_000, ge=100, description="Longest text of a call's result; the rest is cut off."
    )
    max_rounds: int = Field(
        default=10, ge=1, le=100, description="How often a model may call tools before it has to answer."
    )


class ShieldSettings(_Strict):
    """A shield: a language model that judges what is said."""

    model: str = Field(description="A name under `generators`, behind which is a Llama Guard.")
    ignore: tuple[str, ...] = Field(
        default=(), description="Categories that are let pass, such as `S6`. See docs/reference/safety.md."
    )

    @field_validator("ignore")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not re.fullmatch(r"S([1-9]|1[0-4])", code):
                raise ValueError(f"there is no category {code!r}; they are S1 to S14")
        return value


class AnswersSettings(_Strict):
    """When questions are answered."""

    min_confidence: float = Field(
        default=0.12,
        ge=0,
        le=1,
        description="Probability that the documents answer a question, below which nothing is answered; "
        "`0` answers whatever was asked. A collection's `abstain_below` goes first.",
    )
    ask_model: bool = Field(
        default=False,
        description="Whether a generator's language model is asked if the passages hold the answer before it "
        "writes one; its opinion and the judge's weigh alike.",
    )


class Settings(_Strict):
    """All settings. Every one has a working default but `collections`."""

    data_dir: Path = Field(
        default=Path("muniment-data"), description="Where everything is kept; relative to the settings file."
    )
    collections: dict[CollectionName, CollectionSettings] = Field(
        default_factory=dict, description="Declared collections by name."
    )
    server: ServerSettings = Field(default_factory=ServerSettings, description="The HTTP server.")
    ingest: IngestSettings = Field(
        default_factory=IngestSettings, description="Limits and sizes of ingestion."
    )
    reconcile: ReconcileSettings = Field(default_factory=ReconcileSettings, description="The reconciler.")
    parser: ProviderSettings = Field(
        default=ProviderSettings(provider="docling"), description="Parser of all collections."
    )
    vector_store: ProviderSettings = Field(
        default=ProviderSettings(provider="milvus"), description="Vector store of all collections."
    )
    file_store: ProviderSettings = Field(
        default=ProviderSettings(provider="folder"), description="Store of raw files and parsed documents."
    )
    catalog_uri: CatalogUri | None = Field(
        default=None,
        description="`sqlite:///FILE` or `postgresql://USER@HOST:PORT/DATABASE` for the catalog; a SQLite "
        "file in `data_dir` when omitted.",
    )
    embedding_models: dict[str, ProviderSettings] = Field(
        default_factory=dict, description="Embedding models by name, besides the packaged ones."
    )
    generators: dict[str, ProviderSettings] = Field(
        default_factory=dict, description="Generators by name, besides `extractive`."
    )
    rerankers: dict[str, ProviderSettings] = Field(
        default_factory=dict, description="Rerankers by name; there is none without a model of yours."
    )
    answers: AnswersSettings = Field(
        default_factory=AnswersSettings, description="When questions are answered."
    )
    mcp: McpSettings = Field(default_factory=McpSettings, description="Servers of tools.")
    shields: dict[str, ShieldSettings] = Field(
        default_factory=dict, description="Shields by id, besides those registered over the API."
    )
    default_embedding_model: str = Field(
        default=DEFAULT_EMBEDDING_MODEL,
        description="Embedding model of collections that are created over the API without naming one.",
    )
    default_generator: str = Field(
        default=DEFAULT_GENERATOR, description="Generator of collections that name none."
    )
    default_reranker: str | None = Field(
        default=None, description="Reranker of collections that name none; no reranking when omitted."
    )

    @model_validator(mode="after")
    def _names_exist(self) -> "Settings":
        known = {DEFAULT_GENERATOR, *self.generators}
        wanted = {"default_generator": self.default_generator}
        wanted |= {
            f"collections.{name}.generator": c.generator
            for name, c in self.collections.items()
            if c.generator
        }
        wanted |= {f"shields.{name}.model": shield.model for name, shield in self.shields.items()}
        for where, name in wanted.items():
            if name not in known:
                raise ValueError(
                    f"{where}: no generator {name!r} is declared; declared: {', '.join(sorted(known))}"
                )
        return self

    @model_validator(mode="after")
    def _rerankers_exist(self) -> "Settings":
        if NO_RERANKER in self.rerankers:
            raise ValueError(f"rerankers.{NO_RERANKER}: this name stands for no reranker; choose another")
        wanted = {f"collections.{name}.reranker": one.reranker for name, one in self.collections.items()}
        for where, name in {"default_reranker": self.default_reranker, **wanted}.items():
            if name not in (None, NO_RERANKER, *self.rerankers):
                declared = ", ".join(sorted(self.rerankers)) or "none"
                raise ValueError(f"{where}: no reranker {name!r} is declared; declared: {declared}")
        return self

    def adopted_from(self, adopt: AdoptSettings) -> ProviderSettings:
        """The vector store in which an adopted collection lies."""
        own = self.vector_store
        if adopt.uri is None or adopt.uri == own.options.get("uri"):
            return own
        key = {"api_key_env": adopt.api_key_env} if adopt.api_key_env else {}
        # Its rows are searched here, so that a Milvus without BM25 will do.
        place = {"provider": "milvus", "uri": adopt.uri, "search_by": "resident", **key}
        return ProviderSettings.model_validate(place)

    def abstains_below(self, collection: CollectionSettings) -> float:
        """The probability below which questions to a collection are not answered."""
        own = collection.abstain_below
        return self.answers.min_confidence if own is None else own

    def reranker_of(self, collection: CollectionSettings) -> str | None:
        """Name of the reranker that orders what is found in a collection; None for none."""
        name = collection.reranker or self.default_reranker
        return None if name == NO_RERANKER else name

    def generator_of(self, collection: CollectionSettings) -> str:
        """Name of the generator that answers for a collection."""
        return collection.generator or self.default_generator


def secretlike(key: str) -> bool:
    """Whether a setting of this name must never be shown."""
    return bool(re.search(r"(key|secret|password|token)$", key, re.IGNORECASE))
