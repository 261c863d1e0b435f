"""Known-bad answers of another software's evaluation, judged by the grounding check."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from muniment.answer.ground import ground
from muniment.types import Chunk, ClaimVerdict, ParsedDocument, Passage, Span

WRONG = {
    "fail_chunk_alignment": "the passages are about something else",
    "fail_factual_consistency": "a number is changed",
    "fail_faithfulness": "the second sentence is not in the passage",
    "fail_response_accuracy_contradiction": "one property is contradicted",
    "hr_benefits_test_fail": "nothing was given",
}
"""Answers that say what the passages given do not."""


class Judged(NamedTuple):
    """An answer: how many claims it has, how many were flagged, and whether any should be."""

    name: str
    wrong: bool
    claims: int
    flagged: int
    why: str


def judged_answers(folder: Path) -> list[Judged]:
    """Every answer of the folder's conversations."""
    return [_judged(path) for path in sorted(folder.glob("*.json"))]


def _judged(path: Path) -> Judged:
    asked, answered = json.loads(path.read_text("utf-8"))["conversation"][:2]
    texts = (asked.get("actual_rag_content") or {}).get("chunks") or []
    given, documents = {}, {}
    for number, text in enumerate(texts, 1):
        chunk = Chunk(number, text, "", (), (Span(0, len(text)),), 0)
        given[number] = Passage(number, f"d{number}", f"document {number}", chunk, 0.0)
        documents[f"d{number}"] = ParsedDocument("0" * 64, f"document {number}", text, (), (), "benchmark 1")
    marks = "".join(f"[{number}]" for number in given) or "[1]"
    text = re.sub(r"(?<=[.!?])(?=\s|$)", f" {marks}", answered["content"])
    claims = ground(text, given, documents)
    bad = [one for one in claims if one.verdict is not ClaimVerdict.SUPPORTED]
    why = "; ".join(reason for one in bad for reason in one.reasons[:2])
    return Judged(path.stem, path.stem in WRONG, len(claims), len(bad), why)
