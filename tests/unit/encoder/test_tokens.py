"""A text is cut into the same tokens, whether it was counted before or not."""

from pathlib import Path

import pytest

from muniment.providers.encoder.tokens import EncoderTokenizer

TOKENIZER = Path(__file__).parents[2] / "fixtures" / "encoders" / "bert" / "tokenizer.json"
LONG = "The pump takes seven litres of oil, and the valve is opened before it is started. " * 4
TEXTS = [LONG, "A short one.", LONG + "Once more.", LONG, ""]


@pytest.mark.parametrize("max_length", [16, 512])
@pytest.mark.parametrize("counted", [[], TEXTS, TEXTS[2:], [LONG] * 3])
def test_what_was_counted_before_is_encoded_alike(max_length: int, counted: list[str]) -> None:
    tokenizer = EncoderTokenizer(TOKENIZER, max_length)
    expected = [EncoderTokenizer(TOKENIZER, max_length).encode([text])[0] for text in TEXTS]
    counts = [tokenizer.count(text) for text in counted]
    assert tokenizer.encode(TEXTS) == expected
    assert tokenizer.encode(TEXTS) == expected
    assert [tokenizer.count(text) for text in counted] == counts
    assert max(map(len, expected)) <= max_length
