"""Chunkers from their specs, so that a document can be cut again as it was."""

import re
from collections.abc import Callable

from muniment.errors import InputError, StorageError
from muniment.protocols import Chunker, Tokenizer
from muniment.providers.structure_chunker import StructureChunker
from muniment.providers.window_chunker import WindowChunker

_SPEC = re.compile(r"(structure|window)-[0-9]{1,9}/([0-9]{1,9})/([0-9]{1,9})")
_CHUNKERS: dict[str, Callable[[Tokenizer, int, int], Chunker]] = {
    "structure": StructureChunker,
    "window": WindowChunker,
}


def chunker_for(spec: str, tokenizer: Tokenizer) -> Chunker:
    """The chunker whose ``spec`` this is: ``structure-1/256/48`` or ``window-1/800/400``.

    Args:
        tokenizer: that of the embedding model the chunks are for.

    Raises:
        StorageError: code ``unknown_chunking``, this version of Muniment has no such chunker.
    """
    found = _SPEC.fullmatch(spec)
    if found is not None:
        try:
            chunker = _CHUNKERS[found[1]](tokenizer, int(found[2]), int(found[3]))
        except InputError as error:
            raise _unknown(spec, tokenizer) from error
        # A chunker of another revision, or sizes it does not take as they are, would cut otherwise.
        if chunker.spec == spec:
            return chunker
    raise _unknown(spec, tokenizer)


def _unknown(spec: str, tokenizer: Tokenizer) -> StorageError:
    known = [StructureChunker(tokenizer, 256, 48).spec, WindowChunker(tokenizer, 800, 400).spec]
    return StorageError(
        f"The index names a chunking that this version does not know: {spec!r}. "
        f"Expected something like {' or '.join(known)}.",
        code="unknown_chunking",
        hint="It was written by another version of Muniment or is damaged: start the version that wrote it, "
        "or chunk the documents anew with muniment ingest NAME --rebuild.",
    )
