"""Claims that were written freely, true and false, judged by the grounding check: by words alone, and with
the embedding model's word on those of which nothing but words is missing."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from muniment.answer.ground import ground
from muniment.answer.paraphrases import in_other_words
from muniment.protocols import Embedder, ProviderContext
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.types import Chunk, Claim, ClaimVerdict, ParsedDocument, Passage, Span

FOLDER = Path(__file__).parent / "written"
GROUPS = {
    "near the passage's words, worked on": ("h", True),
    "free, worked on": ("p", True),
    "free, held out": ("p", False),
}
"""The beginning of the passages' ids, and whether the rules were worked on with their claims in view."""


async def written(scratch: Path) -> list[dict]:
    """For each group: how many false claims are caught, and how many true ones are flagged."""
    embedder = await ENCODER.create(ENCODER.options(), ProviderContext(scratch, "all-MiniLM-L6-v2"))
    passages = {row["id"]: row for row in _rows("passages.jsonl")}
    claims = _rows("claims.jsonl")
    result = []
    for name, (beginning, developed) in GROUPS.items():
        seen: Counter[tuple[bool, str]] = Counter()
        for row in claims:
            passage = passages[row["passage"]]
            if passage["id"].startswith(beginning) and passage["developed"] is developed:
                by_words, with_meaning = await _flagged(row["claim"], passage, embedder)
                seen.update({(row["true"], "n"): 1, (row["true"], "words"): by_words})
                seen[row["true"], "meaning"] += with_meaning
        result.append(
            {
                "group": name,
                **{
                    f"{'true' if kind else 'false'}, {what}": seen[kind, what]
                    for kind in (False, True)
                    for what in ("n", "words", "meaning")
                },
            }
        )
    await embedder.aclose()
    return result


def _rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


async def _flagged(claim: str, row: dict, embedder: Embedder) -> tuple[bool, bool]:
    """Whether the check objects by words alone, and with the embedding model."""
    text, title = row["text"], row["title"]
    chunk = Chunk(0, text, title, tuple(row["headings"]), (Span(0, len(text)),), 0)
    given = {1: Passage(1, "d1", title, chunk, 0.0)}
    documents = {"d1": ParsedDocument("0" * 64, title, text, (), (), "benchmark 1")}
    by_words = ground(f"{claim.rstrip('.')} [1].", given, documents)
    with_meaning = await in_other_words(by_words, given, documents, embedder)
    return _objects(by_words), _objects(with_meaning)


def _objects(claims: Sequence[Claim]) -> bool:
    return not claims or any(one.verdict is not ClaimVerdict.SUPPORTED for one in claims)
