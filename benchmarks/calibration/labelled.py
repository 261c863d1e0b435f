"""Labelled sets searched by the product's own index: candidates, their signals, whether they are relevant."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muniment.ingest.embedding import embed_chunks
from muniment.protocols import EmbeddedPassages, Embedder, IndexSpec
from muniment.providers.fake_vector_store import FakeVectorStore
from muniment.ranking import analyze
from muniment.retrieve.relevance import signals_of
from muniment.types import Chunk, ChunkRow, Passage, SearchMode, Span, StoredHit, VectorQuery

SETS = ("squad2", "product_docs_qa", "chunk_spans", "clapnq", "eu_ai_act")
WORDS, OVERLAP = 200, 30
QUESTIONS = 400
FOREIGN_SHARE = 0.25
"""Questions of other sets, to which nothing is relevant, for each question of the set's own."""
DEPTH = 10


@dataclass
class Labelled:
    """Windows with the unit each belongs to, and the relevant units of each question."""

    texts: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    questions: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def add(self, text: str, unit: str) -> None:
        for start, end in windows(text):
            self.texts.append(text[start:end])
            self.units.append(unit)


@dataclass(frozen=True)
class Candidate:
    """A passage found: ``minmax`` and ``zscore`` are heights among the candidates of its question."""

    set: str
    signals: dict[str, float]
    scores: dict[str, float]
    relevant: bool
    minmax: float
    zscore: float


def lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines(): texts hold other line ends than \n.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def windows(text: str) -> list[tuple[int, int]]:
    """Character ranges of runs of WORDS words, overlapping by OVERLAP."""
    places, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        places.append((at, at + len(word)))
        at += len(word)
    starts = range(0, max(1, len(places) - OVERLAP), WORDS - OVERLAP)
    return [(places[s][0], places[s : s + WORDS][-1][1]) for s in starts if places]


def load(folder: Path) -> Labelled:
    made = Labelled()
    if (folder / "corpora").is_dir():
        return _by_spans(folder, made)
    if (folder / "provisions.jsonl").exists():
        for entry in lines(folder / "provisions.jsonl"):
            made.add(f"{entry['title']}\n{entry['text']}".strip(), entry["id"])
        rows = lines(folder / "locate_questions.jsonl")
        made.questions = [(row["question"], frozenset({row["gold_provision"]})) for row in rows]
        return made
    for entry in lines(folder / "corpus.jsonl"):
        text, title = entry["text"], entry.get("title") or ""
        made.add(text if text.startswith(title) else f"{title}\n{text}", entry["_id"])
    gains: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            query, unit, gain = line.split("\t")
            if int(gain) > 0:
                gains.setdefault(query, set()).add(unit)
    asked = {entry["_id"]: entry["text"] for entry in lines(folder / "queries.jsonl")}
    made.questions = [(asked[query], frozenset(units)) for query, units in gains.items()]
    return made


def _by_spans(folder: Path, made: Labelled) -> Labelled:
    places: list[tuple[str, int, int]] = []
    for path in sorted((folder / "corpora").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        for start, end in windows(text):
            made.units.append(str(len(made.texts)))
            made.texts.append(text[start:end])
            places.append((path.name, start, end))
    for row in lines(folder / "questions.jsonl"):
        units = {
            str(number)
            for number, (name, start, end) in enumerate(places)
            for span in row["references"]
            if name == row["corpus"] and start < span["end_index"] and span["start_index"] < end
        }
        made.questions.append((row["question"], frozenset(units)))
    return made


async def passages_embedded(embedder: Embedder, chunks: list[Chunk], cache: Path) -> EmbeddedPassages:
    """Vectors of chunks and their sentences as ingestion makes them, kept in ``cache``."""
    path = _place(cache, embedder, [chunk.text for chunk in chunks], "passages.npz")
    if not path.exists():
        made = await embed_chunks(embedder, chunks)
        counts = [len(one) for one in made.sentences]
        np.savez(path, vectors=made.vectors, sentences=np.concatenate(made.sentences), counts=counts)
    with np.load(path) as kept:
        each = np.split(kept["sentences"], np.cumsum(kept["counts"])[:-1])
        return EmbeddedPassages(kept["vectors"], tuple(each))


async def questions_embedded(embedder: Embedder, texts: list[str], cache: Path) -> NDArray[np.float32]:
    """Vectors of questions, kept in ``cache``."""
    path = _place(cache, embedder, texts, "questions.npy")
    if not path.exists():
        np.save(path, np.array([await embedder.embed_query(text) for text in texts]))
    vectors: NDArray[np.float32] = np.load(path)
    return vectors


def _place(cache: Path, embedder: Embedder, texts: list[str], suffix: str) -> Path:
    digest = hashlib.sha256(embedder.fingerprint.encode())
    for text in texts:
        digest.update(text.encode() + b"\0")
    cache.mkdir(parents=True, exist_ok=True)
    return cache / f"calibration-{digest.hexdigest()[:16]}-{suffix}"


async def candidates(data: Path, embedder: Embedder, cache: Path, seed: int) -> dict[str, list[Candidate]]:
    """The candidates of every set's own and foreign questions, by search mode."""
    chosen = np.random.default_rng(seed)
    sets = {name: load(data / name / "dev") for name in SETS}
    asked: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for name, made in sets.items():
        order = chosen.permutation(len(made.questions))[:QUESTIONS]
        asked[name] = [made.questions[place] for place in order]
    found: dict[str, list[Candidate]] = {mode.value: [] for mode in SearchMode}
    for name, made in sets.items():
        others = [text for other in SETS if other != name for text, _ in asked[other][:100]]
        foreign = chosen.permutation(len(others))[: int(len(asked[name]) * FOREIGN_SHARE)]
        questions = [*asked[name], *((others[place], frozenset[str]()) for place in foreign)]
        chunks = [chunk_of(text) for text in made.texts]
        passages = await passages_embedded(embedder, chunks, cache)
        queries = await questions_embedded(embedder, [text for text, _ in questions], cache)
        index = await FakeVectorStore().open(IndexSpec(name, embedder.dimension, "m", "windows"))
        await index.upsert(
            [
                ChunkRow(n, made.units[n], chunk, passages.vectors[n], sentences=passages.sentences[n])
                for n, chunk in enumerate(chunks)
            ]
        )
        for (text, relevant), vector in zip(questions, queries, strict=True):
            for mode in SearchMode:
                query = VectorQuery(mode, 100, text, vector)
                found[mode.value] += _of_question(name, await index.search(query), text, relevant)
    return found


def chunk_of(text: str) -> Chunk:
    """A window as a chunk."""
    return Chunk(0, text, "", (), (Span(0, len(text)),), 0)


def _of_question(
    name: str, hits: list[StoredHit], question: str, relevant: frozenset[str]
) -> Iterator[Candidate]:
    terms = frozenset(analyze(question))
    heights = np.array([hit.score for hit in hits])
    for rank, hit in enumerate(hits[:DEPTH], 1):
        passage = Passage(hit.id, "", "", hit.chunk, hit.score, hit.scores)
        spread, deviation = heights.max() - heights.min(), heights.std()
        yield Candidate(
            name,
            {**signals_of(terms, passage, rank), **_coverage(terms, passage, rank)},
            hit.scores,
            hit.document_id in relevant,
            (hit.score - heights.min()) / spread if spread > 0 else 0.0,
            (hit.score - heights.mean()) / deviation if deviation > 0 else 0.0,
        )


def _coverage(terms: frozenset[str], passage: Passage, rank: int) -> dict[str, float]:
    """What stands in for the share of BM25 where a store does not tell it."""
    bare = Passage(passage.id, "", "", passage.chunk, 0.0)
    return {"coverage": signals_of(terms, bare, rank)["coverage"]}
