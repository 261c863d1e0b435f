"""Tokens of texts: by the model's own tokenizer where that matters, by an estimate otherwise."""

from collections.abc import Callable, Sequence

from muniment.protocols import CountsTokens, Generator


def estimate_tokens(text: str) -> int:
    """Tokens of a text for a model whose tokenizer is not at hand: a third of its bytes, rather high."""
    return len(text.encode()) // 3 + 1


async def counter(generator: Generator, texts: Sequence[str], budget: int) -> Callable[[str], int]:
    """What counts the tokens of a prompt's parts.

    Where all ``texts`` fit into ``budget`` by the high estimate, nothing is asked of the model. Otherwise
    its own tokenizer counts them, if the generator has one; texts cut later are estimated by what that gave.
    """
    estimated = sum(map(estimate_tokens, texts))
    if estimated <= budget or not isinstance(generator, CountsTokens):
        return estimate_tokens
    counts = await generator.count_tokens(texts)
    if counts is None:
        return estimate_tokens
    known = dict(zip(texts, counts, strict=True))
    share = min(1.0, 1.1 * sum(counts) / max(1, estimated))
    return lambda text: known[text] if text in known else int(estimate_tokens(text) * share) + 1
