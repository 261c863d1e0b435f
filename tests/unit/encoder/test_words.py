"""Texts cut by way of their words have the tokens that the tokenizer itself finds in them."""

from pathlib import Path

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.models import WordPiece
from tokenizers.normalizers import NFC, BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Whitespace

from muniment.providers.encoder import words
from muniment.providers.encoder.tokens import EncoderTokenizer
from muniment.providers.encoder.words import WordTokens, cuts_words_alone

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [
    "the",
    "pump",
    "valve",
    "##s",
    "##ed",
    "open",
    "e",
    "##e",
    "σ",
    "##σ",
    "##ς",
    "文",
    "=",
    "'",
    ".",
    "[",
]
LETTERS = [
    *"abceéßİσΣς文字。=≠;.,'[]_-#",
    "\u0301",
    "\u0315",
    "\u0345",
    "\u037e",
    "\u200d",
    "\ufffd",
    "\U0001f600",
]
BLANKS = [*" \t\n\r\x00\x0b\x0c\x1c\x1f\x85\xa0\u2003\u2028\u3000\u200b\ufeff"]
TEXTS = st.lists(
    st.sampled_from([*SPECIAL, *PIECES, *LETTERS, *BLANKS, "pumps ", "opened "]), max_size=30
).map("".join)


def bert(*, lowercase: bool = True) -> tokenizers.Tokenizer:
    every = [*SPECIAL, *dict.fromkeys([*PIECES, *LETTERS, *(f"##{letter}" for letter in LETTERS)])]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(every))}
    made = tokenizers.Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = BertPreTokenizer()
    made.add_special_tokens(SPECIAL)
    return made


@pytest.mark.parametrize("lowercase", [True, False])
@given(texts=st.lists(TEXTS | st.text(), max_size=4))
def test_the_tokens_are_those_of_the_tokenizer(lowercase: bool, texts: list[str]) -> None:
    tokenizer = bert(lowercase=lowercase)
    cut = WordTokens(tokenizer)
    for text in [*texts, *texts]:
        expected = tokenizer.encode(text, add_special_tokens=False)
        assert cut.encode(text) == (expected.ids, expected.offsets)
        assert cut.ids(text) == expected.ids
        assert cut.count(text) == len(expected.ids)


def test_what_is_forgotten_is_cut_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_KEPT_WORDS", 3)
    tokenizer = bert()
    cut = WordTokens(tokenizer)
    text = "the pumps opened the valve . the pump's valves opened"
    for _ in range(2):
        assert cut.ids(text) == tokenizer.encode(text, add_special_tokens=False).ids


def test_tokenizers_that_look_around_words_are_left_alone() -> None:
    assert cuts_words_alone(bert())
    other = bert()
    other.normalizer = NFC()
    assert not cuts_words_alone(other)
    other = bert()
    other.pre_tokenizer = Whitespace()
    assert not cuts_words_alone(other)
    other = bert()
    other.add_tokens([tokenizers.AddedToken("pump room", normalized=True)])
    assert not cuts_words_alone(other)


def test_the_encoder_cuts_and_frames_them(tmp_path: Path) -> None:
    inner = bert()
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inner.save(str(tmp_path / "tokenizer.json"))
    tokenizer = EncoderTokenizer(tmp_path / "tokenizer.json", 8)
    text = "The pumps opened the valves. [MASK] the valve's open"
    for one in (text, text.replace("[MASK]", "")):
        whole = inner.encode(one, add_special_tokens=False)
        assert tokenizer.count(one) == len(whole.ids)
        assert tokenizer.offsets(one) == whole.offsets
        framed = [2, *whole.ids[:6], 3]
        assert tokenizer.encode([one]) == [framed]
        assert tokenizer.encode_with_offsets([one]) == [(framed, whole.offsets[:6])]
