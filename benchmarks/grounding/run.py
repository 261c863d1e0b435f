"""How often the grounding check catches constructed errors, and how often it flags true claims.

usage: run.py DATA [--each 250] [--seed 7] [--out results.json]

From sentences of the reference sets it makes claims that are true (verbatim, compressed, lightly
paraphrased) and claims with one error, cites passages behind each, and runs ``ground``: on the sets that the
check was developed on, and on others. So it does with claims that were written one by one. Beside it stands
a plain baseline: a claim passes when 60% of its words are in the passages. Known-bad answers of other
software's evaluation are judged as they are.
"""

import argparse
import asyncio
import json
import platform
import sys
from collections.abc import Iterable
from datetime import date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "answers")]
from claims import FALSE, verbatim
from claims import TRUE as TRUE_CLAIMS
from judged import Judged, judged_answers
from material import DEVELOPED_ON, HELD_OUT, Case, Material
from quantity_claims import FALSE_QUANTITIES, TRUE_QUANTITIES
from written import written

from machine import describe
from muniment.answer.ground import ground
from muniment.language.terms import words
from muniment.types import CitationVerdict, ClaimVerdict, ParsedDocument

TRUE = {**TRUE_CLAIMS, **TRUE_QUANTITIES}
KINDS = {**TRUE, **FALSE, **FALSE_QUANTITIES, "invented citation": verbatim}


def flagged(case: Case, documents: dict[str, ParsedDocument], first: int = 1) -> tuple[bool, str]:
    """Whether the check objects to a claim, and its reasons; its marks count from ``first``."""
    claim, passages = case
    marks = "".join(f"[{number}]" for number in range(first, first + len(passages)))
    claims = ground(f"{claim} {marks}", dict(enumerate(passages, 1)), documents)
    bad = any(one.verdict is not ClaimVerdict.SUPPORTED for one in claims) or any(
        citation.verdict is not CitationVerdict.VERIFIED for one in claims for citation in one.citations
    )
    return bad or not claims, "; ".join(reason for one in claims for reason in one.reasons)


def flagged_by_overlap(case: Case) -> bool:
    """The baseline: fewer than 60% of the claim's words are in the passages."""
    claim, passages = case
    there = {word.lower() for passage in passages for word in words(passage.chunk.text)}
    said = [word.lower() for word in words(claim)]
    return sum(word in there for word in said) < 0.6 * len(said)


def measure(data: Path, sets: Iterable[str], each: int, seed: int, show: int) -> dict[str, dict]:
    """Rates by kind of claim."""
    rows = {}
    for kind, make in KINDS.items():
        material = Material(data, sets, seed)
        cases = list(islice(make(material), each))
        if not cases:
            continue
        first = 7 if kind == "invented citation" else 1
        results = [flagged(case, material.documents, first) for case in cases]
        wrong = [(c, r) for c, r in zip(cases, results, strict=True) if r[0] is (kind in TRUE)]
        rows[kind] = {
            "claims": len(cases),
            "true": kind in TRUE,
            "flagged": round(sum(bad for bad, _ in results) / len(cases), 4),
            "flagged by word overlap": round(sum(map(flagged_by_overlap, cases)) / len(cases), 4),
        }
        print(f"{kind:25}", rows[kind], flush=True)
        for (claim, passages), (_, why) in wrong[:show]:
            print("    ", claim[:300], "\n        ->", why or f"passed; {passages[0].document_id}")
    return rows


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=250)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="wrongly judged cases to print per kind")
    parser.add_argument("--only", choices=("developed", "held out"), help="one of the two measurements")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.json")
    a = parser.parse_args()
    rows = {}
    for name, sets in {"developed": DEVELOPED_ON, "held out": HELD_OUT}.items():
        if a.only in (None, name):
            rows[name] = measure(a.data, sets, a.each, a.seed, a.show)
    judged = judged_answers(a.data / "judge_calibration/dev/bad_conversations")
    for one in judged:
        print(one)
    if a.only is None:
        with TemporaryDirectory() as scratch:
            write(a.out, rows, judged, asyncio.run(written(Path(scratch))))


def write(out: Path, rows: dict[str, dict[str, dict]], judged: list[Judged], free: list[dict]) -> None:
    """The results as JSON and as Markdown."""
    report = {
        "date": date.today().isoformat(),
        "machine": describe(),
        "python": platform.python_version(),
        "rows": rows,
        "judged": [one._asdict() for one in judged],
        "written": free,
    }
    out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    out.with_name("RESULTS.md").write_text(_markdown(report), "utf-8")


def _markdown(report: dict) -> str:
    lines = ["# Grounding check on constructed claims", "", f"{report['date']}, {report['machine']}.", ""]
    lines += [
        f"Made from {', '.join(DEVELOPED_ON)}, on which the check was developed, and from "
        f"{', '.join(HELD_OUT)}, on which it was not.",
        "",
        "| claims | n | flagged | by word overlap | n, held out | flagged | by word overlap | wanted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, row in report["rows"]["developed"].items():
        wanted = "at most 5%" if row["true"] else "at least 95%"
        lines.append(
            f"| {'true: ' if row['true'] else ''}{kind} | {_cells(row)} "
            f"| {_cells(report['rows']['held out'].get(kind))} | {wanted} |"
        )
    lines += [
        "",
        "Known-bad answers, each cited to all passages that were given. Only errors of evidence are the "
        "check's: an answer that is incomplete, or beside the question, is not.",
        "",
        "| answer | error of evidence | claims | flagged | why |",
        "|---|---|---|---|---|",
    ]
    for one in report["judged"]:
        wanted = "yes" if one["wrong"] else "no"
        lines.append(
            f"| {one['name']} | {wanted} | {one['claims']} | {one['flagged']} | {one['why'][:160]} |"
        )
    lines += [
        "",
        "Claims written one by one (`written/`), not constructed. True ones that follow only by thought, or "
        "are in other words, are flagged by the check, which reads words; answers are also judged by the "
        "embedding model where nothing but words is missing (“with meaning”).",
        "",
        "| claims | false | caught by words | with meaning | true | flagged by words | with meaning |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in report["written"]:
        cells = [one["group"]]
        for kind in ("false", "true"):
            n = one[f"{kind}, n"]
            cells += [n, *(f"{one[f'{kind}, {what}'] / n:.0%}" for what in ("words", "meaning"))]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(
        [*lines, "", "Made by `benchmarks/grounding/run.py`; the errors are constructed in `claims.py`.", ""]
    )


def _cells(row: dict | None) -> str:
    if row is None:
        return "- | - | -"
    return f"{row['claims']} | {row['flagged']:.1%} | {row['flagged by word overlap']:.1%}"


if __name__ == "__main__":
    main()
