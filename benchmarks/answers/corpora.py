"""Reads the reference sets (BEIR form), cuts them into passages and retrieves with BM25."""

import json
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from muniment.types import Chunk, Passage, Span

PASSAGE_CHARACTERS = 1100
K1, B = 1.2, 0.75
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Asked:
    """A question; ``answers`` are gold strings (short answers or selected sentences), empty when unknown."""

    text: str
    answerable: bool
    answers: tuple[str, ...]


@dataclass
class Corpus:
    """Passages with a BM25 index over them."""

    name: str
    passages: list[Passage]
    questions: list[Asked]
    postings: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    lengths: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for row, passage in enumerate(self.passages):
            counted = Counter(WORD.findall(passage.chunk.embedding_text.lower()))
            self.lengths.append(sum(counted.values()))
            for word, count in counted.items():
                self.postings[word].append((row, count))

    def retrieve(self, question: str, limit: int = 8) -> list[Passage]:
        """The best passages by BM25."""
        mean = sum(self.lengths) / len(self.lengths)
        scores: Counter[int] = Counter()
        for word in set(WORD.findall(question.lower())):
            found = self.postings.get(word, [])
            weight = math.log(1 + (len(self.lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for row, count in found:
                length = 1 - B + B * self.lengths[row] / mean
                scores[row] += weight * count * (K1 + 1) / (count + K1 * length)
        return [
            Passage(p.id, p.document_id, p.document_name, p.chunk, s, {"bm25": s})
            for row, s in scores.most_common(limit)
            for p in [self.passages[row]]
        ]


def load(folder: Path) -> Corpus:
    """The set in ``folder``: corpus.jsonl and queries.jsonl."""
    passages: list[Passage] = []
    for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        for start, end in pieces(row["text"]):
            chunk = Chunk(
                len(passages), row["text"][start:end], row["title"], (row["title"],), (Span(start, end),), 0
            )
            passages.append(Passage(len(passages), row["_id"], row["title"], chunk, 0.0))
    questions = []
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        selected = [s for one in row.get("selected_sentences", []) for s in one]
        answers = tuple(
            row.get("answers") or selected or ([row["reference_answer"]] if "reference_answer" in row else [])
        )
        questions.append(Asked(row["text"], row.get("answerable", True), answers))
    return Corpus(folder.parent.name, passages, questions)


def pieces(text: str) -> list[tuple[int, int]]:
    """Ranges of whole lines up to about PASSAGE_CHARACTERS."""
    ranges, start, at = [], 0, 0
    for line in text.splitlines(keepends=True):
        if at > start and at + len(line) - start > PASSAGE_CHARACTERS:
            ranges.append((start, at))
            start = at
        at += len(line)
    if text[start:at].strip():
        ranges.append((start, at))
    return ranges
