"""The tokens of a text from those of its words, for tokenizers that cut every word by itself.

BERT's do: blanks and punctuation part words before anything else is looked at, so the tokens of a text are
those of its words one after the other. Nearly all words of a text were seen before, and a text is cut several
times on its way into an index; looking its words up takes a fifth of the time that cutting it does.
"""

import re
from collections.abc import Iterable
from itertools import chain

import tokenizers
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from muniment.providers.encoder.batches import Ids

_KEPT_WORDS = 30_000
"""Words remembered, some 9 MB; when there are more, all are forgotten, and the common ones soon are back."""
_LONGEST_KEPT = 40  # characters

_WORD = re.compile(r"[^ \t\n\r!-/:-@\[-`{-~]+|[!-/:-@\[-`{-~]")
"""Parted by what is a blank or a punctuation mark to every such tokenizer; others stay inside of a word."""

Offsets = list[tuple[int, int]]
_Word = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]
"""Ids, and the character range of each within the word."""


def cuts_words_alone(tokenizer: tokenizers.Tokenizer) -> bool:
    """Whether the tokens of a word depend on nothing around it."""
    return (
        isinstance(tokenizer.normalizer, BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        and isinstance(tokenizer.model, WordPiece)
        # Such a one would be looked for in a text that is no longer as it was written.
        and not any(token.normalized for token in tokenizer.get_added_tokens_decoder().values())
    )


class WordTokens:
    """Cuts texts by way of their words; threads may share it."""

    def __init__(self, tokenizer: tokenizers.Tokenizer) -> None:
        """``tokenizer`` must be one that ``cuts_words_alone``, without padding and truncation."""
        self._tokenizer = tokenizer
        self._added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
        self._known: dict[str, _Word] = {}

    def count(self, text: str) -> int:
        """How many tokens ``text`` has."""
        return len(self.ids(text))

    def ids(self, text: str) -> Ids:
        """The ids of its tokens."""
        if self._holds_added(text):
            return self._whole(text)[0]
        return list(chain.from_iterable([ids for ids, _ in self._cut(_WORD.findall(text))]))

    def encode(self, text: str) -> tuple[Ids, Offsets]:
        """The ids of its tokens, and the character range of each."""
        if self._holds_added(text):
            return self._whole(text)
        found = list(_WORD.finditer(text))
        cut = self._cut([one[0] for one in found])
        offsets = [
            (at + start, at + end)
            for at, (_, inner) in zip([one.start() for one in found], cut, strict=True)
            for start, end in inner
        ]
        return list(chain.from_iterable([ids for ids, _ in cut])), offsets

    def _holds_added(self, text: str) -> bool:
        """Whether a special token is written out in it: these are found before words are."""
        return any(token in text for token in self._added)

    def _whole(self, text: str) -> tuple[Ids, Offsets]:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return encoded.ids, encoded.offsets

    def _cut(self, words: list[str]) -> list[_Word]:
        cut = list(map(self._known.get, words))
        unknown = {word for word, one in zip(words, cut, strict=True) if one is None} if None in cut else ()
        new = self._learn(unknown)
        return [new[word] if one is None else one for word, one in zip(words, cut, strict=True)]

    def _learn(self, words: Iterable[str]) -> dict[str, _Word]:
        new: dict[str, _Word] = {}
        for word in words:
            ids, offsets = self._whole(word)
            new[word] = tuple(ids), tuple(offsets)
        if len(self._known) + len(new) > _KEPT_WORDS:
            self._known = {}
        self._known |= {word: one for word, one in new.items() if len(word) <= _LONGEST_KEPT}
        return new
