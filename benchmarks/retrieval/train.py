"""Chooses the weights of ``Fusion.WEIGHTED`` and writes src/muniment/ranking/weights.json.

    python benchmarks/retrieval/train.py --cache DIR

DIR is what ``prepare.py`` made. The file holds the weights by all five sets, and for each set those chosen
without it with the nDCG@10 they reach there.
"""

import argparse
import json
from pathlib import Path

from signals import SETS, Measured
from weighing import NAMES, chosen, design, figures, surface

TARGET = Path(__file__).parents[2] / "src" / "muniment" / "ranking" / "weights.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    sets = [Measured(arguments.cache, name, "structure") for name in arguments.sets]
    made = design(sets)
    measured = surface(made)
    left_out = {
        n: chosen(measured, [other for other in arguments.sets if other != n]) for n in arguments.sets
    }
    reached = figures(sets, made, left_out)
    written = {
        "signals": list(NAMES),
        "weights": chosen(measured, arguments.sets),
        "made_by": "benchmarks/retrieval/train.py",
        "left_out": {
            name: {"weights": left_out[name], "ndcg@10": round(float(reached[name].mean()), 4)}
            for name in arguments.sets
        },
    }
    arguments.out.write_text(json.dumps(written, indent=1) + "\n")
    print(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
