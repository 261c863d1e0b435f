"""Sentences of reference sets with the passages they stand in."""

import html
import random
import re
from collections.abc import Iterable
from pathlib import Path

from corpora import load, pieces

from muniment.language.names import names
from muniment.language.units import UnitKind, split_units
from muniment.types import Chunk, ParsedDocument, Passage, Span

DEVELOPED_ON = ("squad2", "clapnq", "product_docs_qa")
"""What the check was developed on."""
HELD_OUT = ("redhat_docs", "eu_ai_act", "docling_formats")
"""What it was not."""
Case = tuple[str, tuple[Passage, ...]]
"""A claim without its marks, and the passages it is said to rest on."""

_MARKUP = re.compile(r"(?is)<(script|style|table|pre)\b.*?</\1>|<!--.*?-->")
_BLOCK_TAG = re.compile(r"(?i)</?(?:p|div|li|h[1-6]|tr|td|th|dd|dt|ul|ol|section|br|body|title|sec)\b[^>]*>")


class Material:
    """Sentences with their passages, and what errors are made of.

    Args:
        data: folder of the reference sets.
        sets: names of sets.
    """

    def __init__(self, data: Path, sets: Iterable[str], seed: int) -> None:
        self.data = data
        self.random = random.Random(seed)
        self.documents: dict[str, ParsedDocument] = {}
        self.sentences: list[tuple[str, Passage]] = []
        self._seen: set[str] = set()
        for name in sets:
            for passage in passages(data / name / "dev"):
                self._add(passage)
        self.random.shuffle(self.sentences)
        self.names = sorted(
            {n for text, _ in self.sentences for n in inner_names(text) if len(n) > 3 and n.isalpha()}
        )

    def _add(self, passage: Passage) -> None:
        start = passage.chunk.spans[0].start
        text = " " * start + passage.chunk.text  # only this passage's part of the document is needed
        key = f"{passage.document_id}@{start}"
        self.documents[key] = ParsedDocument("0" * 64, passage.document_name, text, (), (), "benchmark 1")
        passage = Passage(passage.id, key, passage.document_name, passage.chunk, 0.0)
        for unit in split_units(passage.chunk.text):
            sentence = " ".join(unit.of(passage.chunk.text).split())
            if sentence in self._seen or re.search(r"[\[\]{}<>#_|]|^\d+\.", sentence):
                continue  # code, markup and numbered lines are no sentences
            self._seen.add(sentence)
            if unit.kind is UnitKind.SENTENCE and 6 <= len(sentence.split()) <= 60:
                self.sentences.append((sentence, passage))


def inner_names(sentence: str) -> list[str]:
    """Names that do not begin the sentence: there any word is capitalised."""
    return names("x " + sentence.partition(" ")[2])


def passages(folder: Path) -> Iterable[Passage]:
    """The passages of a set: its corpus, or the texts of its files without their markup."""
    if (folder / "corpus.jsonl").exists():
        yield from load(folder).passages
        return
    number = 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix not in (".html", ".md", ".nxml", ".xml") or "groundtruth" in parts:
            continue
        text = plain(path.read_text("utf-8", "replace"))
        for start, end in pieces(text):
            chunk = Chunk(number, text[start:end], "", (), (Span(start, end),), 0)
            yield Passage(number, str(path.relative_to(folder)), path.name, chunk, 0.0)
            number += 1


def plain(text: str) -> str:
    """The text of a page without tags and tables, a paragraph a line."""
    text = _MARKUP.sub("\n", text)
    if not _BLOCK_TAG.search(text):
        return text
    lines = html.unescape(re.sub(r"<[^>]+>", "", _BLOCK_TAG.sub("\0", re.sub(r"\s+", " ", text)))).split("\0")
    return "\n".join(line for line in map(str.strip, lines) if line)
