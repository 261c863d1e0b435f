"""Makes the labelled examples of questions and what retrieval finds for them, with token states.

usage: examples.py --sample FOLDER --data DATA --out FOLDER

Runs in the product's environment. Every set is indexed and searched by the product's own parts as they are
by default, and what is written is what the product's judge looks at: the one window that promises most, read
by the model in its default precision. A question is used in several ways: as its set labels it
(``corpus``); with only its own passage to read (``own``, clapnq); with the passages that answer it taken out
of what was found (``removed``, unanswerable); and put to another set (``other``, or ``cousin`` between the
two Wikipedia sets; unanswerable). Written are examples.json, with the signals as they are with the reader's
model (``all``), with another model (``vectors``) and without one (``words``), and the token states of
questions and windows (kept as float16).
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path[:0] = [
    str(Path(__file__).resolve().parents[1] / "answers"),
    str(Path(__file__).resolve().parents[1]),
]
from corpora import Corpus, load, sample_questions
from indexed import Indexer
from pairs import DOCUMENTS, Paired, paired
from sets import OF_PAIRS

from muniment.answerability.signals import lacking, signals
from muniment.answerability.windows import Window, choose_windows
from muniment.protocols import Embedder, ProviderContext, TokenStates
from muniment.providers.encoder import PROVIDER as ENCODER
from muniment.providers.extractive.question import read_question
from muniment.providers.fake_vector_store import PROVIDER as STORE
from muniment.ranking import Fusion
from muniment.retrieve import Retriever
from muniment.types import Chunk, Comparison, Operator, Passage, Span

WIKIPEDIA = ("squad2", "clapnq")
BEIR = (*WIKIPEDIA, "product_docs_qa")
SQUAD_REMOVED = 0.6  # share of squad2's answerable questions that are asked again without their paragraph
OF_OTHERS = 60
WIDE, GIVEN = 24, 8


@dataclass(frozen=True)
class Labelled:
    """A question; ``gold``: ids or (document, start, end) that answer it; ``group``: its article;
    ``own``: id of the document that it was asked of."""

    text: str
    answerable: bool
    answers: tuple[str, ...]
    gold: frozenset
    group: str
    own: str = ""


def beir(folder: Path, corpus: Corpus) -> list[Labelled]:
    """The questions of a set in BEIR form."""
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    gold: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, _ = line.split("\t")
        gold.setdefault(query, set()).add(document)
    titles = {passage.document_id: passage.document_name for passage in corpus.passages}
    result = []
    for number, (row, asked) in enumerate(zip(rows, corpus.questions, strict=True)):
        context = row.get("context_id")
        article = titles[context] if corpus.name == "squad2" else f"{corpus.name}{number % 8}"
        answers = asked.answers or tuple(row.get("plausible_answers") or ())
        ids = gold.get(row["_id"], set()) | ({context} if context else set())
        result.append(Labelled(asked.text, asked.answerable, answers, frozenset(ids), article, context or ""))
    return result


def spans(folder: Path) -> tuple[Corpus, list[Labelled]]:
    """The set chunk_spans, its texts cut at sentence ends into passages of about 1,000 characters."""
    passages: list[Passage] = []
    for file in sorted((folder / "corpora").iterdir()):
        with file.open(encoding="utf-8", newline="") as opened:
            text = opened.read()
        start = 0
        while start < len(text):
            end = min(len(text), start + 1000)
            if end < len(text):
                cut = max(text.rfind(". ", start + 300, end), text.rfind("\n", start + 300, end))
                end = cut + 1 if cut > start else end
            if text[start:end].strip():
                chunk = Chunk(len(passages), text[start:end], "", (), (Span(start, end),), 0)
                passages.append(Passage(len(passages), file.name, file.stem, chunk, 0.0))
            start = end
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    questions = [
        Labelled(
            row["question"],
            True,
            tuple(one["content"] for one in row["references"]),
            frozenset((row["corpus"], one["start_index"], one["end_index"]) for one in row["references"]),
            f"chunk_spans{number % 8}",
        )
        for number, row in enumerate(rows)
    ]
    return Corpus("chunk_spans", passages, []), questions


def labelled(one: Paired) -> Labelled:
    """A question of a pair; both of a pair are in one group."""
    number = int(one.pair.rpartition("-")[2])
    return Labelled(one.asked.text, one.asked.answerable, one.asked.answers, frozenset(), f"pair{number % 8}")


def by_text(name: str) -> bool:
    """Whether only the text of a passage says that it answers."""
    return name == "sample" or name.endswith(OF_PAIRS)


def holds_answer(asked: Labelled, passage: Passage, name: str) -> bool:
    """Whether a passage is one of those that answer."""
    span = passage.chunk.spans[0]
    if name == "chunk_spans":
        return any(d == passage.document_id and span.start < e and s < span.end for d, s, e in asked.gold)
    if by_text(name):
        text = " ".join(passage.chunk.text.split()).lower()
        return any(" ".join(answer.split())[:60].lower() in text for answer in asked.answers)
    return passage.document_id in asked.gold


class Examples:
    """Collects examples; windows and questions are numbered by their text."""

    def __init__(self) -> None:
        self.rows: list[dict] = []
        self.windows: dict[str, int] = {}
        self.questions: dict[str, int] = {}
        self._waiting: list[tuple[dict, str, tuple[Passage, ...], list[Window], int]] = []

    def add(self, name: str, kind: str, asked: Labelled, found: Sequence[Passage], answerable: bool) -> None:
        """One question with what was found for it; left out when nothing was."""
        given = tuple(found)[:GIVEN]
        windows = choose_windows(read_question(asked.text).terms, given)
        if not windows:
            return
        best = max(range(len(windows)), key=lambda place: windows[place].promise)
        row = {
            "set": name, "kind": kind, "answerable": answerable,
            "answers": asked.answers, "group": asked.group,
            "question": self.questions.setdefault(asked.text, len(self.questions)),
            "window": self.windows.setdefault(windows[best].read_text, len(self.windows)),
            "bm25": max((one.scores.get("bm25", 0.0) for one in given), default=0.0),
        }  # fmt: skip
        self.rows.append(row)
        self._waiting.append((row, asked.text, given, windows, best))

    async def count(self, embedder: Embedder, questions: np.ndarray) -> None:
        """The signals of all rows, from the vectors of the questions."""
        texts = list(dict.fromkeys(one.read_text for _, _, _, chosen, _ in self._waiting for one in chosen))
        known = dict(zip(texts, await embedder.embed_texts(texts), strict=True))
        for row, text, given, chosen, best in self._waiting:
            asked = read_question(text)
            missing = lacking(asked, given, chosen)
            near = {
                n: float(known[one.read_text] @ questions[row["question"]]) for n, one in enumerate(chosen)
            }
            row["signals"] = {
                name: [float(value) for value in signals(asked, given, chosen, cosines, missing)]
                for name, cosines in (("all", {best: near[best]}), ("vectors", near), ("words", {}))
            }


@dataclass(frozen=True)
class Set:
    """An indexed collection and what is asked of it; questions of ``elsewhere`` are put to others too."""

    name: str
    search: Retriever
    questions: list[Labelled]
    elsewhere: bool = True


async def indexed(a: argparse.Namespace, indexer: Indexer) -> list[Set]:
    """All sets, indexed."""
    sets = []
    for name in BEIR:
        corpus = load(a.data / name / "dev")
        sets.append(Set(name, await indexer.corpus(corpus), beir(a.data / name / "dev", corpus)))
    corpus, questions = spans(a.data / "chunk_spans" / "dev")
    sets.append(Set("chunk_spans", await indexer.corpus(corpus), questions))
    questions = [
        Labelled(one.text, one.answerable, one.answers, frozenset(), f"sample{number % 8}")
        for number, one in enumerate(sample_questions(a.sample / "questions.jsonl"))
    ]
    sets.append(Set("sample", await indexer.folder(a.sample / "corpus"), questions))
    searches = {one.name: one.search for one in sets}
    for name, pairs in paired().items():
        search = searches.get(name)
        if name in DOCUMENTS:
            folder, pattern = DOCUMENTS[name]
            search = await indexer.files(name + "_documents", a.data / folder, pattern)
        sets.append(Set(name + OF_PAIRS, search, [labelled(one) for one in pairs], elsewhere=False))
    return sets


async def collect(sets: list[Set]) -> Examples:
    """All examples of all sets."""
    examples, chance = Examples(), random.Random(1)
    for one in sets:
        for asked in one.questions:
            await put(examples, one, asked, chance)
    for one in sets:
        for other in sets:
            if other is not one and one.elsewhere and other.elsewhere:
                await put_elsewhere(examples, one, other, chance)
    return examples


async def put(examples: Examples, here: Set, asked: Labelled, chance: random.Random) -> None:
    """A question to its own set, in the several ways."""
    name = here.name
    found = (await here.search.search(asked.text, limit=WIDE)).passages
    examples.add(name, "corpus", asked, found, asked.answerable)
    if name == "clapnq":
        alone = Comparison("document_id", Operator.EQ, asked.own)
        own = (await here.search.search(asked.text, limit=GIVEN, filter=alone)).passages
        examples.add(name, "own", asked, own, asked.answerable)
    if asked.answerable and (name != "squad2" or chance.random() < SQUAD_REMOVED):
        rest = [one for one in found if not holds_answer(asked, one, name)]
        # Where a passage is known to answer by its text alone, one that is not recognised may answer still.
        if len(rest) < len(found) or not by_text(name):
            examples.add(name, "removed", asked, rest, False)


async def put_elsewhere(examples: Examples, here: Set, other: Set, chance: random.Random) -> None:
    """Questions of another set to this one."""
    kind = "cousin" if {here.name, other.name} == set(WIKIPEDIA) else "other"
    for asked in chance.sample([one for one in other.questions if one.answerable], OF_OTHERS):
        found = (await here.search.search(asked.text, limit=GIVEN)).passages
        examples.add(here.name, kind, asked, found, False)


async def states(texts: Sequence[str], reading: Embedder, file: Path) -> np.ndarray:
    """Write the token states of texts; returns their vectors."""
    read: list[TokenStates] = []
    for start in range(0, len(texts), 64):
        read += await reading.read_tokens(list(texts[start : start + 64]))
    np.savez(
        file,
        ids=np.concatenate([one.ids for one in read]),
        lengths=[len(one.ids) for one in read],
        states=np.concatenate([one.layers.astype(np.float16) for one in read], axis=1),
    )
    return np.stack([one.vector for one in read])


async def make(a: argparse.Namespace) -> None:
    """Collect and write."""
    a.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        context = ProviderContext(Path(scratch), "all-MiniLM-L6-v2")
        embedder = await ENCODER.create(ENCODER.options(), context)
        store = await STORE.create(STORE.options(fusion=Fusion.WEIGHTED), context)
        examples = await collect(await indexed(a, Indexer(embedder, store, Path(scratch))))
        questions = await states(list(examples.questions), embedder, a.out / "questions.npz")
        await states(list(examples.windows), embedder, a.out / "windows.npz")
        await examples.count(embedder, questions)
        about = {"encoder_sha256": embedder.weights_sha256}
        await embedder.aclose()
    (a.out / "examples.json").write_text(json.dumps(about | {"rows": examples.rows}), "utf-8")
    print(len(examples.rows), "examples,", len(examples.windows), "windows")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asyncio.run(make(parser.parse_args()))


if __name__ == "__main__":
    main()
