"""Frozen values that the whole program speaks in; no I/O."""

from muniment.types.answer import (
    Answer,
    AnswerVerdict,
    Citation,
    CitationVerdict,
    Claim,
    ClaimVerdict,
)
from muniment.types.chunk import Chunk, ChunkRow, Passage, chunk_id
from muniment.types.document import (
    Block,
    BlockKind,
    Box,
    Document,
    DocumentState,
    MetadataValue,
    Page,
    ParsedDocument,
    SourceFile,
    Span,
    TableRow,
)
from muniment.types.search import (
    Combination,
    Comparison,
    Filter,
    Operator,
    SearchMode,
    StoredHit,
    VectorQuery,
)

__all__ = [
    "Answer",
    "AnswerVerdict",
    "Block",
    "BlockKind",
    "Box",
    "Chunk",
    "ChunkRow",
    "Citation",
    "CitationVerdict",
    "Claim",
    "ClaimVerdict",
    "Combination",
    "Comparison",
    "Document",
    "DocumentState",
    "Filter",
    "MetadataValue",
    "Operator",
    "Page",
    "ParsedDocument",
    "Passage",
    "SearchMode",
    "SourceFile",
    "Span",
    "StoredHit",
    "TableRow",
    "VectorQuery",
    "chunk_id",
]
