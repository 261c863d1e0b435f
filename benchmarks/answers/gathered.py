"""Questions with what was retrieved for them and where their gold answers stand, to fit the choice."""

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from corpora import Corpus, load, pieces, sample_questions
from indexed import Indexer

from muniment.language.terms import words
from muniment.language.units import Unit, UnitKind
from muniment.protocols import PromptPassage, ProviderContext
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.providers.extractive.candidates import find_candidates
from muniment.providers.extractive.nearness import embedded_text
from muniment.providers.extractive.question import read_question
from muniment.providers.extractive.shortlist import MOST_PASSAGES
from muniment.providers.fake_vector_store import PROVIDER as STORE
from muniment.types import Chunk, Passage, Span

SAMPLE, SQUAD, CLAPNQ, SPANS = "sample", "squad2", "clapnq", "chunk_spans"
LIMIT = 8
MOST_SQUAD = 500
CARRIED = 0.6


@dataclass(frozen=True)
class Gold:
    """Where an answer stands: documents, pages (any when empty), strings, or character ranges."""

    documents: tuple[str, ...]
    pages: tuple[int, ...] = ()
    strings: tuple[str, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    short: bool = False

    def in_unit(self, given: Passage, unit: Unit) -> bool:
        """Whether a unit of a passage holds the answer, or one of its sentences."""
        if given.document_id not in self.documents and given.document_name not in self.documents:
            return False
        if self.pages and not set(self.pages) & set(given.chunk.pages):
            return False
        if self.ranges:
            base = given.chunk.spans[0].start
            start, end = base + unit.start, base + unit.end
            return any(min(end, b) - max(start, a) >= 0.5 * min(end - start, b - a) for a, b in self.ranges)
        text = unit.of(given.chunk.text)
        if self.short:
            return any(flat(one) in flat(text) for one in self.strings)
        if unit.kind is UnitKind.TABLE_ROW and unit.header:
            text += "\n" + given.chunk.text[slice(*unit.header)]
        return any(_alike(one, text) for one in self.strings)


@dataclass(frozen=True)
class Case:
    """A question, its set, the article its answer is from, its passages and the cosines of their units."""

    set: str
    article: str
    text: str
    gold: Gold
    passages: tuple[PromptPassage, ...]
    cosines: dict[str, float]


def flat(text: str) -> str:
    """Lower-case words between single spaces."""
    return " " + " ".join(word.lower() for word in words(text)) + " "


def _alike(gold: str, text: str) -> bool:
    """Whether a unit carries most of a gold sentence, or is itself a good part of one."""
    mine, theirs = flat(text).split(), flat(gold).split()
    held = sum(word in set(mine) for word in theirs) / max(1, len(theirs))
    return held >= CARRIED or (len(mine) >= 6 and flat(text) in flat(gold))


async def gather(sample: Path, data: Path, cache: Path) -> list[Case]:
    """The answerable questions of all sets, searched by the product; read from ``cache`` when it is there."""
    if cache.is_file():
        cases: list[Case] = pickle.loads(cache.read_bytes())  # written by this script alone
        return cases
    with TemporaryDirectory() as scratch:
        context = ProviderContext(Path(scratch), "all-MiniLM-L6-v2")
        embedder = await ENCODER.create(ENCODER.options(), context)
        indexer = Indexer(embedder, await STORE.create(STORE.options(), context), Path(scratch))
        retrievers = {SAMPLE: await indexer.folder(sample / "corpus")}
        for corpus in (load(data / SQUAD / "dev"), load(data / CLAPNQ / "dev"), spans_corpus(data)):
            retrievers[corpus.name] = await indexer.corpus(corpus)
        cases, vectors = [], {}
        for name, article, text, gold in _asked(sample, data):
            found = (await retrievers[name].search(text, limit=LIMIT)).passages
            given = tuple(PromptPassage(n, one) for n, one in enumerate(found, 1))
            candidates = find_candidates(read_question(text), given[:MOST_PASSAGES])
            texts = list(dict.fromkeys(embedded_text(one) for one in candidates if one.answers))
            missing = [one for one in texts if one not in vectors]
            if missing:
                vectors |= dict(zip(missing, await embedder.embed_texts(missing), strict=True))
            query = await embedder.embed_query(text)
            cosines = {one: float(np.dot(vectors[one], query)) for one in texts}
            cases.append(Case(name, article, text, gold, given, cosines))
        await embedder.aclose()
    cache.write_bytes(pickle.dumps(cases))
    return cases


def spans_corpus(data: Path) -> Corpus:
    """The three long texts in pieces."""
    passages: list[Passage] = []
    for path in sorted((data / SPANS / "dev" / "corpora").glob("*.md")):
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
        for start, end in pieces(text):
            chunk = Chunk(len(passages), text[start:end], "", (), (Span(start, end),), 0)
            passages.append(Passage(len(passages), path.name, path.name, chunk, 0.0))
    return Corpus(SPANS, passages, [])


def _asked(sample: Path, data: Path) -> Iterator[tuple[str, str, str, Gold]]:
    for asked in sample_questions(sample / "questions.jsonl"):
        if asked.answerable:
            yield SAMPLE, asked.documents[0], asked.text, Gold(asked.documents, asked.pages, asked.answers)
    squad = [row for row in _rows(data / SQUAD / "dev" / "queries.jsonl") if row["answerable"]]
    for row in squad[:: max(1, len(squad) // MOST_SQUAD)]:
        where = row["context_id"]
        gold = Gold((where,), strings=tuple(row["answers"]), short=True)
        yield SQUAD, where.split("#")[0], row["text"], gold
    for row in _rows(data / CLAPNQ / "dev" / "queries.jsonl"):
        if row["answerable"]:
            selected = tuple(one for some in row["selected_sentences"] for one in some)
            yield CLAPNQ, row["context_id"], row["text"], Gold((row["context_id"],), strings=selected)
    for row in _rows(data / SPANS / "dev" / "questions.jsonl"):
        ranges = tuple((one["start_index"], one["end_index"]) for one in row["references"])
        yield (
            SPANS,
            f"{row['corpus']}-{ranges[0][0] // 4000}",
            row["question"],
            Gold((row["corpus"],), ranges=ranges),
        )


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
