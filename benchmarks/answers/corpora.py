"""Reads the reference sets (BEIR form) and the sample corpus's questions; cuts texts into passages."""

import json
from dataclasses import dataclass
from pathlib import Path

from muniment.types import Chunk, Passage, Span

PASSAGE_CHARACTERS = 1100


@dataclass(frozen=True)
class Asked:
    """A question; ``answers`` are gold strings (short answers or selected sentences), empty when unknown.

    ``documents`` and ``pages`` say where the answer stands, where that is known. ``short`` are short answers,
    whose numbers an answer to a question for a number must hold; ``must`` and ``must_not`` what the answer
    to a question of a kind (list, definition, table, qualifier) has to hold, and must not.
    """

    text: str
    answerable: bool
    answers: tuple[str, ...]
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    short: tuple[str, ...] = ()
    kind: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()


@dataclass(frozen=True)
class Corpus:
    """Passages, and questions to them."""

    name: str
    passages: list[Passage]
    questions: list[Asked]


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
        short = tuple(row.get("answers", ()))
        questions.append(Asked(row["text"], row.get("answerable", True), answers, short=short))
    return Corpus(folder.parent.name, passages, questions)


def sample_questions(file: Path) -> list[Asked]:
    """The questions of the sample corpus."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [
        Asked(
            row["question"],
            not row["unanswerable"],
            (row["quote"],) if row["quote"] else (),
            tuple(row["documents"]),
            tuple(row["pages"]),
            (row["answer"],),
        )
        for row in rows
    ]


def kind_questions(file: Path) -> list[Asked]:
    """Questions for a list, a definition, a cell of a table, or with a qualifier."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [
        Asked(
            row["question"],
            answerable=True,
            answers=(),
            documents=(row["document"],),
            kind=row["kind"],
            must=tuple(row["must"]),
            must_not=tuple(row["must_not"]),
        )
        for row in rows
    ]


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
