"""The encoder's tokenizer."""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import tokenizers

from muniment.errors import NotFoundError, StorageError
from muniment.providers.encoder.words import WordTokens, cuts_words_alone

_REMEMBERED = 2048
"""Texts counted lately: about as many as an ingestion has on their way from chunker to engine."""
_SHORTEST_REMEMBERED = 200  # characters; shorter ones are cut again sooner than they are remembered


class EncoderTokenizer:
    """Counts, locates and encodes tokens; threads may share it.

    Where words can be cut alone, their tokens are remembered. Elsewhere what is counted is remembered until
    it is encoded: a chunk is counted when it is made and encoded when it is embedded, and cutting it into
    tokens twice would cost ingestion as much as all of its bookkeeping.
    """

    def __init__(self, path: Path, max_length: int) -> None:
        """Read ``tokenizer.json``; ``max_length`` counts special tokens.

        Raises:
            NotFoundError: code ``weights_missing``.
            StorageError: code ``weights_damaged``.
        """
        if not path.is_file():
            raise NotFoundError(
                f"Model folder {path.parent} holds no tokenizer.json.",
                code="weights_missing",
                hint="Save the model's fast tokenizer there.",
            )
        try:
            self._inner = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            raise StorageError(
                f"{path} is not a tokenizer: {error}", code="weights_damaged", hint="Copy the model anew."
            ) from error
        self._inner.no_padding()
        self._inner.no_truncation()
        self._words = WordTokens(self._inner) if cuts_words_alone(self._inner) else None
        special = self._inner.encode("").ids
        # Encoders frame a text with one token before and one behind; an odd one out stands before.
        self._before, self._behind = special[: (len(special) + 1) // 2], special[(len(special) + 1) // 2 :]
        self.max_tokens = max_length - len(special)
        self._counted: OrderedDict[str, array[int]] = OrderedDict()
        self._remembering = threading.Lock()

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The half-open character range of each token of ``text``, special tokens left out."""
        if self._words is not None:
            return self._words.encode(text)[1]
        return list(self._inner.encode(text, add_special_tokens=False).offsets)

    def count(self, text: str) -> int:
        """How many tokens ``text`` has, special tokens left out."""
        if self._words is not None:
            return self._words.count(text)
        encoded = self._inner.encode_batch_fast([text], add_special_tokens=False)[0]
        if len(text) >= _SHORTEST_REMEMBERED:
            with self._remembering:
                self._counted[text] = array("I", encoded.ids)
                if len(self._counted) > _REMEMBERED:
                    self._counted.popitem(last=False)
        return len(encoded)

    @property
    def framed(self) -> tuple[int, int]:
        """How many special tokens stand before a text, and behind."""
        return len(self._before), len(self._behind)

    def encode_with_offsets(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """As ``encode``, with the character range of each token that is not special."""
        if self._words is not None:
            cut = [self._words.encode(text) for text in texts]
        else:
            batch = self._inner.encode_batch(list(texts), add_special_tokens=False)
            cut = [(one.ids, one.offsets) for one in batch]
        return [(self._framed(ids), offsets[: self.max_tokens]) for ids, offsets in cut]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, framed by special tokens and cut to the model's length."""
        if self._words is not None:
            return [self._framed(self._words.ids(text)) for text in texts]
        with self._remembering:
            known = {text: ids for text in set(texts) if (ids := self._counted.pop(text, None)) is not None}
        unknown = [text for text in texts if text not in known]
        encoded = iter(self._inner.encode_batch_fast(unknown, add_special_tokens=False))
        return [self._framed(known[text] if text in known else next(encoded).ids) for text in texts]

    def _framed(self, ids: Sequence[int]) -> list[int]:
        return [*self._before, *ids[: self.max_tokens], *self._behind]
