"""Run another server's own integration tests against several servers, and count what passes.

Llama Stack and OGX publish their integration tests in the source archives of their releases. Unpack one, make
a virtual environment with that release, its client and pytest, start the servers, and:

    python benchmarks/suites/run.py --suites ogx-1.5.0 --python venv/bin/python \
        --server peer=http://127.0.0.1:8321 --server muniment=http://127.0.0.1:8000 --reference peer \
        --name ogx-1.5.0 files vector_io responses -- --inference-mode=live --text-model=vllm/smollm2

The words before ``--`` are files or folders below ``tests/integration``; what follows it goes to pytest.
All servers should offer the same models: the same names, with the same endpoint behind them. Results are
written as JSON and Markdown into this folder; a file that is run again replaces its own rows only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from machine import describe

HERE = Path(__file__).resolve().parent
INTEGRATION = Path("tests") / "integration"
REASON_CHARACTERS = 300
Outcomes = dict[str, list[str]]
"""``[outcome, reason]`` by test; outcomes are passed, failed, error and skipped."""
Results = dict[str, Any]


def main() -> int:
    options, to_pytest = arguments()
    path = HERE / f"{options.name}.json"
    results: Results = json.loads(path.read_text()) if path.exists() else {"files": {}}
    results.update(machine=describe(), date=time.strftime("%Y-%m-%d"), arguments=to_pytest)
    results["reference"] = options.reference or results.get("reference")
    for place in options.tests or suite_folders(options.suites):
        for label, url in options.server:
            for file, outcomes in run(options, place, url, to_pytest).items():
                results["files"].setdefault(file, {})[label] = outcomes
                counts = Counter(outcome for outcome, _ in outcomes.values())
                sys.stderr.write(f"{file}  {label}: {dict(counts)}\n")
            path.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    path.with_suffix(".md").write_text(report(options.name, results))
    return 0


def arguments() -> tuple[argparse.Namespace, list[str]]:
    """The options, and what goes to pytest."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--suites", type=Path, required=True, help="the unpacked source archive")
    parser.add_argument("--python", type=Path, required=True, help="Python with its client and pytest")
    parser.add_argument("--server", type=label_and_url, action="append", required=True, metavar="LABEL=URL")
    parser.add_argument("--reference", help="label of the server that the others are compared with")
    parser.add_argument("--name", required=True, help="of the files with the results")
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="of one word on one server")
    parser.add_argument("tests", nargs="*", help="files or folders; all folders by default")
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    return parser.parse_args(given[:cut]), given[cut + 1 :]


def label_and_url(text: str) -> tuple[str, str]:
    label, _, url = text.partition("=")
    return label, url


def suite_folders(suites: Path) -> list[str]:
    """The folders with tests, below the integration tests."""
    root = suites / INTEGRATION
    return sorted({file.relative_to(root).parts[0] for file in root.glob("*/**/test_*.py")})


def run(options: argparse.Namespace, place: str, url: str, to_pytest: list[str]) -> dict[str, Outcomes]:
    """Run one file or folder on one server; the outcomes by file."""
    with tempfile.TemporaryDirectory() as folder:
        junit = Path(folder) / "junit.xml"
        python = str(Path.cwd() / options.python)  # unresolved: the link makes it the environment's
        command = [python, "-m", "pytest", str(INTEGRATION / place), f"--stack-config={url}", "-q"]
        command += ["--continue-on-collection-errors"]
        command += [f"--junitxml={junit}", "-o", "junit_family=xunit1", "-p", "no:cacheprovider", *to_pytest]
        home = {"HOME": folder, "NO_PROXY": "127.0.0.1,localhost"}
        try:
            done = subprocess.run(
                command,
                cwd=options.suites,
                env={**os.environ, **home},
                capture_output=True,
                text=True,
                timeout=options.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {place: {"(all)": ["error", f"not finished within {options.timeout:g} s"]}}
        if not junit.exists():
            return {place: {"(all)": ["error", shortened(done.stdout + done.stderr)]}}
        return outcomes_in(junit)


def outcomes_in(junit: Path) -> dict[str, Outcomes]:
    """What JUnit's XML says of each test, by file."""
    outcomes: dict[str, Outcomes] = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        found = {child.tag: child for child in case}
        outcome, reason = "passed", ""
        for tag, name in (("skipped", "skipped"), ("failure", "failed"), ("error", "error")):
            if tag in found:
                outcome, reason = name, found[tag].get("message") or found[tag].text or ""
        file = (case.get("file") or "").removeprefix(f"{INTEGRATION}/")
        outcomes.setdefault(file, {})[case.get("name") or "(all)"] = [outcome, shortened(reason)]
    return outcomes


def shortened(text: str) -> str:
    return " ".join(text.split())[:REASON_CHARACTERS]


def report(name: str, results: Results) -> str:
    """The results as Markdown: passes by file and server, then every test that passes on one of two only."""
    labels = sorted({label for servers in results["files"].values() for label in servers})
    labels.sort(key=lambda label: label != results["reference"])
    lines = [f"# Integration tests of {name}", "", f"{results['date']}; {results['machine']}.", ""]
    lines += [f"pytest arguments: `{' '.join(results['arguments'])}`", ""]
    lines += ["Each cell: passed / failed / skipped.", ""]
    lines += ["| file | " + " | ".join(labels) + " |", "| --- |" + " --- |" * len(labels)]
    total: dict[str, Counter[str]] = {label: Counter() for label in labels}
    for file, servers in sorted(results["files"].items()):
        counts = {label: Counter(o for o, _ in servers.get(label, {}).values()) for label in labels}
        for label in labels:
            total[label] += counts[label]
        lines.append(f"| {file} | " + " | ".join(cell(counts[label]) for label in labels) + " |")
    lines.append("| **all** | " + " | ".join(cell(total[label]) for label in labels) + " |")
    for label in labels:
        if label != results["reference"]:
            lines += ["", f"## Passes on {results['reference']}, not on {label}", ""]
            lines += list(differences(results, label)) or ["None."]
            lines += ["", f"## Passes on {label}, not on {results['reference']}", ""]
            lines += list(gains(results, label)) or ["None."]
    return "\n".join(lines) + "\n"


def cell(counts: "Counter[str]") -> str:
    return f"{counts['passed']} / {counts['failed'] + counts['error']} / {counts['skipped']}"


def differences(results: Results, label: str) -> list[str]:
    """Lines on the tests that the reference passes and ``label`` does not."""
    return [
        f"- `{file}::{test}`: {outcome}; {plain(reason)}"
        for file, test, outcome, reason in one_sided(results, results["reference"], label)
    ]


def gains(results: Results, label: str) -> list[str]:
    """Lines on the tests that ``label`` passes and the reference does not."""
    return [f"- `{file}::{test}`" for file, test, *_ in one_sided(results, label, results["reference"])]


def one_sided(results: Results, passing: str | None, other: str | None) -> list[tuple[str, str, str, str]]:
    """File, test, outcome and reason on ``other`` of the tests that pass on ``passing`` only."""
    found = []
    for file, servers in sorted(results["files"].items()):
        for test, (outcome, _) in sorted(servers.get(passing, {}).items()):
            there, reason = servers.get(other, {}).get(test, ["not run", ""])
            if outcome == "passed" and there != "passed":
                found.append((file, test, there, reason))
    return found


def plain(reason: str) -> str:
    return reason.replace("`", "'").replace("|", "\\|")[:160]


if __name__ == "__main__":
    raise SystemExit(main())
