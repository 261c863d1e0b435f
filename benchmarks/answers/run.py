"""How well the extractive generator answers and abstains.

usage: run.py --sample FOLDER [--data DATA] [--cache FILE] [--out results.json]

FOLDER is the sample corpus (corpus/ and questions.jsonl): parsed, chunked, embedded and retrieved by the
product's own parts, so that cosine similarities are known. Questions of DATA's sets are asked of it as well:
none of them is answered there. DATA's sets themselves are retrieved with BM25 alone, without cosines. Beside
the generator stands the plain way of quoting without a model: the first three sentences of the best passage.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import mean, median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from corpora import Asked, load
from indexed import indexed

from machine import describe
from muniment.language.terms import words
from muniment.language.units import split_units
from muniment.protocols import PromptPassage
from muniment.providers.extractive.selection import Limits, select
from muniment.types import Passage

SETS = ("squad2", "clapnq", "product_docs_qa")
EACH = 200
Method = Callable[[str, tuple[PromptPassage, ...]], str]


def extractive(question: str, given: tuple[PromptPassage, ...]) -> str:
    """The product's default generator."""
    return " ".join(candidate.text for candidate in select(question, given, Limits()))


def lead(question: str, given: tuple[PromptPassage, ...]) -> str:
    """The first three sentences of the best passage."""
    text = given[0].passage.chunk.text if given else ""
    return " ".join(unit.of(text) for unit in split_units(text)[:3])


METHODS: dict[str, Method] = {"extractive": extractive, "first three sentences": lead}


def carried(answers: Sequence[str], said: str) -> float:
    """1 when a short gold answer is in the text, else the largest share of a gold answer's words in it."""
    there = {word.lower() for word in words(said)}
    flat = _flat(said)
    shares = [1.0 if _flat(a) in flat else mean(w.lower() in there for w in words(a) or [a]) for a in answers]
    return max(shares, default=0.0)


def _flat(text: str) -> str:
    return " " + re.sub(r"\W+", " ", text.lower()).strip() + " "


def measure(asked: list[tuple[Asked, tuple[Passage, ...]]], method: Method) -> dict[str, float]:
    """Shares answered and carried, answer length, and milliseconds of CPU a question."""
    rows = []
    for question, passages in asked:
        given = tuple(PromptPassage(n, p) for n, p in enumerate(passages, start=1))
        started = time.thread_time()
        said = method(question.text, given)
        rows.append((said, carried(question.answers, said), (time.thread_time() - started) * 1000))
    return {
        "questions": len(rows),
        "answered": round(mean(bool(said) for said, _, _ in rows), 3),
        "gold carried": round(mean(share for _, share, _ in rows), 3),
        "gold carried by 60% or more": round(mean(share >= 0.6 for _, share, _ in rows), 3),
        "words": round(mean(len(words(said)) for said, _, _ in rows if said), 1)
        if any(r[0] for r in rows)
        else 0,
        "ms p50": round(median(ms for _, _, ms in rows), 2),
        "ms max": round(max(ms for _, _, ms in rows), 2),
    }


def sample_groups(folder: Path, data: Path | None, cache: Path | None) -> dict[str, list]:
    """Questions on the sample corpus by kind, each with its passages."""
    lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    groups: dict[str, list[Asked]] = {"sample, answerable": [], "sample, not in the documents": []}
    for row in rows:
        kind = "sample, not in the documents" if row["unanswerable"] else "sample, answerable"
        groups[kind].append(
            Asked(row["question"], not row["unanswerable"], (row["quote"],) if row["quote"] else ())
        )
    if data:
        others = [q for name in SETS for q in load(data / name / "dev").questions[::7][:40]]
        groups["sample, other topic"] = [Asked(q.text, False, ()) for q in others]
    asked = [q.text for group in groups.values() for q in group]
    found = indexed(folder / "corpus", asked, cache=cache).found
    return {kind: [(q, found[q.text]) for q in group] for kind, group in groups.items()}


def set_groups(data: Path) -> dict[str, list]:
    """Questions of the reference sets on their own passages, and on those of another set."""
    corpora = {name: load(data / name / "dev") for name in SETS}
    groups = {}
    for position, (name, corpus) in enumerate(corpora.items()):
        for answerable in (True, False):
            mine = [q for q in corpus.questions if q.answerable is answerable]
            mine = mine[:: max(1, len(mine) // EACH)][:EACH]
            if mine:
                kind = "answerable" if answerable else "not in its paragraph"
                groups[f"{name}, {kind}"] = [(q, tuple(corpus.retrieve(q.text))) for q in mine]
        other = corpora[SETS[(position + 1) % len(SETS)]]
        off = [q for q in other.questions if q.answerable][:EACH]
        groups[f"{name}, other topic"] = [(q, tuple(corpus.retrieve(q.text))) for q in off]
    return groups


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.json")
    a = parser.parse_args()
    groups = sample_groups(a.sample, a.data, a.cache) | (set_groups(a.data) if a.data else {})
    rows = {kind: {name: measure(asked, m) for name, m in METHODS.items()} for kind, asked in groups.items()}
    report = {"date": date.today().isoformat(), "machine": describe(), "limits": repr(Limits()), "rows": rows}
    a.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    table = _markdown(report)
    a.out.with_name("RESULTS.md").write_text(table, "utf-8")
    print(table)


def _markdown(report: dict) -> str:
    lines = ["# Extractive answers", "", f"{report['date']}, {report['machine']}. {report['limits']}.", ""]
    lines += [
        "| questions | n | method | answered | gold carried | carried 60%+ | words | CPU ms p50 / max |"
    ]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for kind, methods in report["rows"].items():
        for name, row in methods.items():
            gold = "answerable" in kind
            lines.append(
                f"| {kind} | {row['questions']} | {name} | {row['answered']:.1%} "
                f"| {format(row['gold carried'], '.2f') if gold else ''} "
                f"| {format(row['gold carried by 60% or more'], '.1%') if gold else ''} "
                f"| {row['words']} | {row['ms p50']} / {row['ms max']} |"
            )
    lines += [
        "",
        "“Gold carried”: share of the words of the gold quote or answer that the text holds, mean. Questions",
    ]
    lines += ["“not in its paragraph” are adversarial: they share their words with the paragraph. Made by"]
    lines += [
        "`benchmarks/answers/run.py`; limits were set on the sample corpus and the off-topic questions.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
