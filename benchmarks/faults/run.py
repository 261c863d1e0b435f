"""Ingestions killed as by ``kill -9`` at many points, and compared with clean ones.

Every process is the ordinary command line over a folder that is edited between runs: files are added,
changed, renamed, copied, deleted, touched, and some cannot be read. It is killed while it plans, fetches,
parses, keeps, chunks, embeds, writes, settles, forgets or cleans, or at any moment. After every few kills
one run comes to its end, and rows of the index, documents of the catalog and kept files are compared with
an ingestion of the same folder into an empty data directory. Parser and embedding model are the fakes.

    python benchmarks/faults/run.py --kills 55 --seed 1 --work faults-benchmark
"""

import argparse
import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tests"), str(ROOT / "tests" / "e2e")]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])

from killing import KilledRuns, stages_in_turn

from machine import describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=55)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--check-every", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("faults-benchmark"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    machine, began = describe(), time.monotonic()
    runs = KilledRuns(arguments.work.absolute(), arguments.seed, arguments.documents)
    for number, stage in enumerate(stages_in_turn(arguments.kills), 1):
        runs.kill(stage)
        if number % arguments.check_every == 0 or number == arguments.kills:
            runs.check()
            told = f"{number} kills, {runs.counts.lost} lost, {runs.counts.doubled} doubled\n"
            sys.stderr.write(told)
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine,
        "python": sys.version.split()[0],
        "seed": arguments.seed,
        "documents_at_first": arguments.documents,
        "seconds": round(time.monotonic() - began),
        **runs.counts.to_dict(),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "RESULTS.md").write_text(table(results))
    sys.exit(0 if runs.counts.clean else 1)


def table(results: dict) -> str:
    """The results for people."""
    kills = results["kills"]
    lines = [
        "# Ingestions killed at random points",
        "",
        f"{results['date']}; {results['machine']}; Python {results['python']}; seed {results['seed']}.",
        "",
        f"{sum(kills.values())} processes were killed by SIGKILL; {results['checks']} times a run then came "
        "to its end and all that it left was compared with an ingestion into an empty data directory.",
        "",
        "| stage | kills |",
        "|---|---:|",
        *(f"| {stage} | {count} |" for stage, count in kills.items()),
        "",
        "| compared | rows of the index | documents of the catalog | kept files |",
        "|---|---:|---:|---:|",
        f"| in all checks | {results['rows_compared']:,} | {results['documents_compared']:,} | "
        f"{results['kept_compared']:,} |",
        "",
        f"Lost: **{results['lost']}**. Doubled: **{results['doubled']}**. "
        "Leases, contents in doubt or scratch files left, or work found by a second run: "
        f"{results['left']}. Tracebacks: {results['traceback']}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
