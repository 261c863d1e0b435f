"""The seams of the program: small async Protocols, one file each, that providers implement."""

from muniment.protocols.chat_model import ChatModel, CompletionModel, JsonObject
from muniment.protocols.chunker import Chunker
from muniment.protocols.embedder import (
    EmbeddedPassages,
    Embedder,
    SentenceEmbedder,
    Tokenizer,
    TokenReader,
    TokenStates,
)
from muniment.protocols.file_store import FileStore, StoredFile
from muniment.protocols.generator import BeginsAhead, CountsTokens, Generator, Prompt, PromptPassage
from muniment.protocols.parser import ParsedFile, Parser
from muniment.protocols.provider import Provider, ProviderContext
from muniment.protocols.reranker import Reranker
from muniment.protocols.source import ScopedSource, Source
from muniment.protocols.vector_store import (
    AdoptedDocument,
    AdoptedIndex,
    IndexSpec,
    VectorIndex,
    VectorStore,
)

__all__ = [
    "AdoptedDocument",
    "AdoptedIndex",
    "BeginsAhead",
    "ChatModel",
    "Chunker",
    "CompletionModel",
    "CountsTokens",
    "EmbeddedPassages",
    "Embedder",
    "FileStore",
    "Generator",
    "IndexSpec",
    "JsonObject",
    "ParsedFile",
    "Parser",
    "Prompt",
    "PromptPassage",
    "Provider",
    "ProviderContext",
    "Reranker",
    "ScopedSource",
    "SentenceEmbedder",
    "Source",
    "StoredFile",
    "TokenReader",
    "TokenStates",
    "Tokenizer",
    "VectorIndex",
    "VectorStore",
]
