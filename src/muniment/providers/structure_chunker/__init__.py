"""Structure-aware chunking: along headings, paragraphs and table rows, in tokens of the embedding model.

Heading paths come with the parsed document, as docling-core's HierarchicalChunker gives them; joining
neighbours under a heading up to the budget follows its HybridChunker. What is different: exact spans, one
tokenisation per block, tables split by rows with their headers repeated, and no text lost.
"""

from muniment.cutting import ContextWriter
from muniment.protocols import Tokenizer
from muniment.providers.structure_chunker.drafts import Draft
from muniment.providers.structure_chunker.measure import Measure
from muniment.providers.structure_chunker.packing import Packer
from muniment.types import Chunk, ParsedDocument, text_of

REVISION = 1
"""Raised when the same document would give other chunks."""
_SMALLEST = 16


class StructureChunker:
    """Chunker of one embedding model.

    Args:
        tokenizer: the embedding model's.
        max_tokens: most tokens of ``Chunk.embedding_text``, at least 16.
        min_tokens: sections smaller than this are joined with the next one under the same parent.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int, min_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = max(_SMALLEST, max_tokens)
        self._min_tokens = min_tokens

    @property
    def spec(self) -> str:
        """Name, revision and sizes."""
        return f"structure-{REVISION}/{self._max_tokens}/{self._min_tokens}"

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """The chunks in reading order; see :class:`muniment.protocols.Chunker`."""
        context = ContextWriter(self._tokenizer, document.title, self._max_tokens // 4)
        measure = Measure(document, self._tokenizer)
        packer = Packer(document, measure, context, self._max_tokens, self._min_tokens)
        chunks: list[Chunk] = []
        for draft in packer.drafts():
            waiting = [draft]
            while waiting:
                part = waiting.pop()
                chunk = self._chunk(document, part, context.of(part.path), len(chunks))
                if chunk.tokens <= self._max_tokens:
                    chunks.append(chunk)
                else:
                    # Tokens of a whole are not always the sum of its parts' tokens.
                    waiting.extend(reversed(part.halves(document.text)))
        return chunks

    def _chunk(self, document: ParsedDocument, draft: Draft, context: str, ordinal: int) -> Chunk:
        spans = draft.spans()
        text = text_of(document.text, spans)
        whole = f"{context}\n{text}" if context else text
        tokens = self._tokenizer.count(whole)
        return Chunk(ordinal, text, context, draft.headings, spans, tokens)


__all__ = ["REVISION", "StructureChunker"]
