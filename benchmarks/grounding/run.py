"""How often the grounding check catches constructed errors, and how often it flags true claims.

usage: run.py DATA [--each 250] [--seed 7] [--out results.json]

From sentences of the reference sets (squad2, clapnq, product_docs_qa) it makes claims that are true
(verbatim, compressed, lightly paraphrased) and claims with one error, cites a passage behind each, and
runs ``ground``. Beside it stands a plain baseline: a claim passes when 60% of its words are in the passage.
"""

import argparse
import json
import platform
import random
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "answers")]
from corpora import load

from machine import describe
from muniment.answer.ground import ground
from muniment.language.names import names
from muniment.language.negation import cues
from muniment.language.quantities import amounts
from muniment.language.terms import content_stems, words
from muniment.language.units import UnitKind, split_units
from muniment.types import CitationVerdict, ClaimVerdict, ParsedDocument, Passage

SETS = ("squad2", "clapnq", "product_docs_qa")
Case = tuple[str, Passage]
"""A claim without its mark, and the passage it is said to rest on."""


class Material:
    """Sentences with their passages, and what errors are made of."""

    def __init__(self, data: Path, seed: int) -> None:
        self.data = data
        self.random = random.Random(seed)
        self.documents: dict[str, ParsedDocument] = {}
        self.sentences: list[Case] = []
        self._seen: set[str] = set()
        for name in SETS:
            for passage in load(data / name / "dev").passages:
                self._add(passage)
        self.random.shuffle(self.sentences)
        self.names = sorted(
            {n for text, _ in self.sentences for n in names(text) if len(n) > 3 and n.isalpha()}
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


SYNONYMS = {
    "began": "started", "used": "employed", "large": "big", "also": "as well", "many": "numerous",
    "often": "frequently", "include": "comprise", "includes": "comprises", "such as": "like",
    "because": "since", "however": "but", "important": "significant", "around": "about",
    "several": "a number of", "made": "produced", "called": "named", "known as": "called",
    "main": "principal", "show": "display", "help": "assist", "helps": "assists", "need": "require",
    "about": "roughly", "located": "situated", "allows": "lets", "create": "make",
    "found": "discovered", "due to": "because of", "released": "published", "became": "turned into",
    "within": "inside", "during": "in", "want": "wish", "get": "obtain", "ensure": "make sure",
    "most": "the majority of", "different": "various", "provides": "offers", "various": "different",
}  # fmt: skip


def verbatim(material: Material) -> Iterator[Case]:
    """The sentence itself."""
    yield from material.sentences


def compressed(material: Material) -> Iterator[Case]:
    """The sentence without what stands in brackets, and without its last or first subordinate part."""
    for text, passage in material.sentences:
        shorter = re.sub(r"\s*\([^()]*\)", "", text)
        parts = re.split(r"(?<=,)\s", shorter)
        if len(parts) >= 3 and len(" ".join(parts[:-1]).split()) >= 6:
            shorter = " ".join(parts[:-1]).rstrip(",") + "."
        if shorter != text and len(shorter.split()) >= 5:
            yield shorter, passage


def paraphrased(material: Material) -> Iterator[Case]:
    """One to three words replaced by synonyms."""
    for text, passage in material.sentences:
        changed, count = text, 0
        for old, new in SYNONYMS.items():
            if count < 3 and re.search(rf"\b{old}\b", changed):
                changed, count = re.sub(rf"\b{old}\b", new, changed, count=1), count + 1
        if count:
            yield changed, passage


def reordered(material: Material) -> Iterator[Case]:
    """ "In 1990, it began." becomes "It began in 1990."; numbers get thousands separators or lose them."""
    for text, passage in material.sentences:
        front = re.match(r"((?:In|On|At|During|By|From|After|Since|For) [^,.]{3,40}), ([^.]{20,})\.$", text)
        if front:
            rest = front[2]
            yield f"{rest[0].upper()}{rest[1:]} {front[1][0].lower()}{front[1][1:]}.", passage
        elif re.search(r"\d,\d{3}\b", text):
            yield re.sub(r"(?<=\d),(?=\d{3}\b)", "", text), passage


def human(material: Material) -> Iterator[Case]:
    """Sentences of the answers that people wrote from one passage (CLAPNQ's references)."""
    rows = [
        json.loads(line)
        for line in (material.data / "clapnq/dev/queries.jsonl").read_text("utf-8").splitlines()
    ]
    by_source = {passage.document_id.split("@")[0]: passage for _, passage in material.sentences}
    for row in rows:
        passage = by_source.get(row["context_id"])
        for answer in row["reference_answers"][:1]:
            for unit in split_units(" ".join(answer.split())):
                if passage and len(content_stems(unit.of(answer))) >= 2:
                    yield " ".join(unit.of(" ".join(answer.split())).split()), passage


def changed_number(material: Material) -> Iterator[Case]:
    """One number replaced by another that stands nowhere in the passage."""
    for text, passage in material.sentences:
        found = list(re.finditer(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,.-]*\d)", text))
        if not found or (not amounts(text).quantities and not amounts(text).dates):
            continue
        match = material.random.choice(found)
        for _ in range(20):
            new = _other_number(match.group(), material.random)
            if new not in passage.chunk.text:
                yield text[: match.start()] + new + text[match.end() :], passage
                break


def number_from_beside(material: Material) -> Iterator[Case]:
    """One number replaced by another number of the same passage, outside the sentence."""
    for text, passage in material.sentences:
        mine = re.findall(r"(?<![\w.,-])\d+(?![\w,.-]*\d)", text)
        beside = [
            n for n in re.findall(r"(?<![\w.,-])\d+(?![\w,.-]*\d)", passage.chunk.text) if n not in text
        ]
        if mine and beside:
            new = material.random.choice(beside)
            yield re.sub(rf"(?<![\w.,-]){mine[0]}(?![\w,.-]*\d)", new, text, count=1), passage


def _other_number(number: str, rng: random.Random) -> str:
    digits = [i for i, c in enumerate(number) if c.isdigit()]
    at = rng.choice(digits)
    choices = [d for d in "123456789" if d != number[at]]
    return number[:at] + rng.choice(choices) + number[at + 1 :]


def swapped_name(material: Material) -> Iterator[Case]:
    """One name replaced by a name from another passage."""
    for text, passage in material.sentences:
        found = [n for n in names(text) if len(n) > 3 and n.isalpha() and text.count(n) == 1]
        if not found:
            continue
        old = material.random.choice(found)
        new = material.random.choice(material.names)
        if new.lower() not in passage.chunk.text.lower() and new.lower() not in passage.document_name.lower():
            yield re.sub(rf"\b{old}\b", new, text), passage


def dropped_negation(material: Material) -> Iterator[Case]:
    """ "not", "never", "no" taken away."""
    for text, passage in material.sentences:
        if re.search(r"\bnot only\b", text) or cues(text) != 1:
            continue
        changed = re.sub(r"\b(not|never) |n['’]t\b|\b(?<=can)not\b", "", text, count=1)
        if changed == text:
            changed = re.sub(r"\bno ", "", text, count=1)
        if changed != text:
            yield changed, passage


def added_negation(material: Material) -> Iterator[Case]:
    """ "not" put behind the verb."""
    for text, passage in material.sentences:
        if cues(text):
            continue
        changed = re.sub(r"\b(is|are|was|were|can|must|should|will|may) (?=[a-z])", r"\1 not ", text, count=1)
        if changed != text:
            yield changed, passage


def other_document(material: Material) -> Iterator[Case]:
    """A sentence of one document, cited to a passage of another."""
    for text, passage in material.sentences:
        if len(content_stems(text)) >= 3:
            _, other = material.random.choice(material.sentences)
            if other.document_name != passage.document_name:
                yield text, other


def changed_unit(material: Material) -> Iterator[Case]:
    """days become weeks, percent becomes euros, ..."""
    swaps = {
        "days": "weeks", "years": "months", "hours": "days", "minutes": "hours", "km": "m",
        "miles": "km", "million": "billion", "percent": "million", "%": " kg", "months": "years",
        "weeks": "days", "seconds": "minutes", "feet": "miles", "metres": "feet", "meters": "feet",
        "kg": "tonnes", "day": "week", "year": "month", "hour": "day", "minute": "hour",
        "mile": "kilometre", "GB": "MB", "euros": "dollars",
    }  # fmt: skip
    for text, passage in material.sentences:
        for old, new in swaps.items():
            unit = rf"(?<=\d)([\s-]?){re.escape(old)}(?!\w)"
            changed = re.sub(unit, rf"\g<1>{new}", text, count=1)
            if changed != text:
                yield changed, passage
                break


TRUE: dict[str, Callable[[Material], Iterator[Case]]] = {
    "verbatim": verbatim, "compressed": compressed, "paraphrased": paraphrased, "reordered": reordered,
    "written by people": human,
}  # fmt: skip
FALSE: dict[str, Callable[[Material], Iterator[Case]]] = {
    "changed number": changed_number, "number from beside": number_from_beside,
    "changed unit": changed_unit, "swapped name": swapped_name,
    "dropped negation": dropped_negation, "added negation": added_negation, "other document": other_document,
}  # fmt: skip


def flagged(case: Case, documents: dict[str, ParsedDocument], mark: int = 1) -> tuple[bool, str]:
    """Whether the check objects to a claim, and its reasons."""
    claim, passage = case
    text = f"{claim} [{mark}]"
    claims = ground(text, {1: passage}, documents)
    bad = any(one.verdict is not ClaimVerdict.SUPPORTED for one in claims) or any(
        citation.verdict is not CitationVerdict.VERIFIED for one in claims for citation in one.citations
    )
    return bad or not claims, "; ".join(reason for one in claims for reason in one.reasons)


def flagged_by_overlap(case: Case) -> bool:
    """The baseline: fewer than 60% of the claim's words are in the passage."""
    claim, passage = case
    there = {word.lower() for word in words(passage.chunk.text)}
    said = [word.lower() for word in words(claim)]
    return sum(word in there for word in said) < 0.6 * len(said)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=250)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="wrongly judged cases to print per kind")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.json")
    a = parser.parse_args()
    rows = {}
    for kind, make in {**TRUE, **FALSE, "invented citation": verbatim}.items():
        material = Material(a.data, a.seed)
        cases = list(islice(make(material), a.each))
        mark = 7 if kind == "invented citation" else 1
        results = [flagged(case, material.documents, mark) for case in cases]
        wrong = [(c, r) for c, r in zip(cases, results, strict=True) if r[0] is (kind in TRUE)]
        rows[kind] = {
            "claims": len(cases),
            "true": kind in TRUE,
            "flagged": round(sum(bad for bad, _ in results) / len(cases), 4),
            "flagged by word overlap": round(sum(map(flagged_by_overlap, cases)) / len(cases), 4),
        }
        print(f"{kind:20}", rows[kind])
        for (claim, passage), (_, why) in wrong[: a.show]:
            print("    ", claim[:300], "\n        ->", why or f"passed; {passage.chunk.text[:0]}")
    report = {
        "date": date.today().isoformat(),
        "machine": describe(),
        "python": platform.python_version(),
        "rows": rows,
    }
    a.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    a.out.with_name("RESULTS.md").write_text(_markdown(report), "utf-8")


def _markdown(report: dict) -> str:
    lines = ["# Grounding check on constructed claims", "", f"{report['date']}, {report['machine']}.", ""]
    lines += [
        "| claims | n | flagged by the check | flagged by word overlap | wanted |",
        "|---|---|---|---|---|",
    ]
    for kind, row in report["rows"].items():
        wanted = "at most 5%" if row["true"] else "at least 95%"
        lines.append(
            f"| {'true: ' if row['true'] else ''}{kind} | {row['claims']} | {row['flagged']:.1%} "
            f"| {row['flagged by word overlap']:.1%} | {wanted} |"
        )
    return "\n".join(
        [*lines, "", "Made by `benchmarks/grounding/run.py`; the errors are constructed there.", ""]
    )


if __name__ == "__main__":
    main()
