"""Measure the engines in turns and write results.json and RESULTS.md; see README.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from muniment.weights import resolve

HERE = Path(__file__).parent
ENGINES = ("st-32", "st-8", "muniment-f32", "muniment-bf16", "muniment-int8")
SETS = ("squad2/dev", "product_docs_qa/dev")
TOKENS = 254
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")


def read_jsonl(file: Path) -> dict[str, str]:
    """Texts by id."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {row["_id"]: row["text"] for row in rows}


def sample(folder: Path, count: int) -> dict[str, str]:
    """Every n-th of the answerable queries, at most ``count``."""
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row.get("answerable", True)]
    step = max(1, -(-len(rows) // count))
    return {row["_id"]: row["text"] for row in rows[::step]}


def read_qrels(file: Path) -> dict[str, dict[str, int]]:
    """Judged documents of each query."""
    qrels: dict[str, dict[str, int]] = {}
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, score = line.split("\t")
        qrels.setdefault(query, {})[document] = int(score)
    return qrels


def passages(texts: list[str], weights: Path, count: int) -> list[str]:
    """Pieces of exactly ``TOKENS`` tokens."""
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    whole = " ".join(texts)
    offsets = tokenizer.encode(whole, add_special_tokens=False).offsets
    count = min(count, len(offsets) // TOKENS)
    return [whole[offsets[i * TOKENS][0] : offsets[(i + 1) * TOKENS - 1][1]] for i in range(count)]


def ndcg(queries: np.ndarray, corpus: np.ndarray, ids: tuple[list[str], list[str]], qrels: dict) -> float:
    """Mean nDCG@10 over the queries that have judgements."""
    query_ids, corpus_ids = ids
    discounts = 1 / np.log2(np.arange(2, 12))
    scores = []
    for row, query in enumerate(query_ids):
        wanted = qrels.get(query)
        if not wanted:
            continue
        best = np.argsort(-(corpus @ queries[row]), kind="stable")[:10]
        gains = np.array([wanted.get(corpus_ids[i], 0) for i in best])
        ideal = np.sort(list(wanted.values()))[::-1][:10]
        scores.append((gains * discounts[: len(gains)]).sum() / (ideal * discounts[: len(ideal)]).sum())
    return float(np.mean(scores))


def machine() -> dict[str, object]:
    """What this was measured on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":")[1].strip() for line in info.splitlines() if "model name" in line), "")
    flags = next((line for line in info.splitlines() if line.startswith("flags")), "").split()
    return {
        "cpu": model or platform.processor(),
        "instructions": [
            f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8") if f in flags
        ],
        "cores": os.cpu_count(),
        "load_before": [round(part, 2) for part in os.getloadavg()],
        "date": datetime.now().date().isoformat(),
        "python": platform.python_version(),
        "openvino": version("openvino"),
    }


def reference_versions(python: str) -> list[str]:
    """The reference environment's packages that matter, as ``name==version``."""
    command = [python, "-m", "pip", "list", "--format=freeze"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [line for line in lines if line.startswith(("torch==", "sentence-tr", "transformers="))]


def main() -> None:
    """Measure, then write the reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", required=True, help="Python with torch and sentence-transformers")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="all-MiniLM-L6-v2")
    parser.add_argument("--data-dir", type=Path, default=Path("muniment-data"))
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--passages", type=int, default=256)
    parser.add_argument("--queries", type=int, default=600, help="of each set, at most")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    weights = resolve(options.model, options.data_dir)
    described = machine()
    described["reference"] = reference_versions(options.reference)
    corpora = {name: read_jsonl(options.data / name / "corpus.jsonl") for name in SETS}
    queries = {name: sample(options.data / name, options.queries) for name in SETS}
    texts = [text for corpus in corpora.values() for text in corpus.values()]
    cut = passages(texts, weights, options.passages)
    job = {"passages": cut, "latency_queries": list(queries[SETS[1]].values())[:50], "sets": {}}
    full = dict(job)
    full["sets"] = {
        f"{name}/{part}".replace("/", "_"): list(values[name].values())
        for name in SETS
        for part, values in (("corpus", corpora), ("queries", queries))
    }
    found: dict[str, dict[str, list[float]]] = {}
    vectors: dict[str, dict[str, np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for round_ in range(options.rounds):
            for engine in ENGINES:
                out = Path(scratch) / "out.npz"
                job_file = Path(scratch) / "job.json"
                quality = round_ == 0 and engine != "st-8"
                job_file.write_text(json.dumps(full if quality else job), encoding="utf-8")
                python = options.reference if engine.startswith("st") else sys.executable
                command = [python, str(HERE / "engine.py"), engine, str(weights), str(job_file), str(out)]
                subprocess.run([*command, str(options.threads)], check=True, stderr=subprocess.DEVNULL)
                made = dict(np.load(out))
                load_s, wall_s, cpu_s, query_s, bare, peak = made.pop("times").tolist()
                row = found.setdefault(engine, {})
                for key, value in {
                    "load_s": load_s,
                    "passages_per_s": len(cut) / wall_s,
                    "passages_per_s_cpu": len(cut) / (cpu_s / options.threads),
                    "query_ms": query_s * 1000,
                    "added_mb": peak - bare,
                }.items():
                    row.setdefault(key, []).append(round(value, 3))
                if round_ == 0:
                    vectors[engine] = made
                print(round_, engine, {key: values[-1] for key, values in row.items()}, flush=True)
    described["load_after"] = [round(part, 2) for part in os.getloadavg()]
    results = summary(found, vectors, corpora, queries, options.data)
    report = {
        "machine": described,
        "model": options.model,
        "passages": len(cut),
        "tokens": TOKENS + 2,
        "threads": options.threads,
        "engines": results,
    }
    (options.out / "results.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (options.out / "RESULTS.md").write_text(table(report), encoding="utf-8")


def summary(found: dict, vectors: dict, corpora: dict, queries: dict, data: Path) -> dict[str, dict]:
    """The best round of each engine, with its quality against float32 sentence-transformers."""
    reference = vectors["st-32"]
    results: dict[str, dict] = {}
    for engine, rows in found.items():
        smaller_is_better = ("load_s", "query_ms", "added_mb")
        best = {key: (min if key in smaller_is_better else max)(values) for key, values in rows.items()}
        best["rounds"] = rows
        shared = [key for key in vectors[engine] if key in reference]
        cosines = [(vectors[engine][key] * reference[key]).sum(axis=1) for key in shared]
        best["cosine_min"] = round(float(np.concatenate(cosines).min()), 5)
        best["cosine_mean"] = round(float(np.concatenate(cosines).mean()), 5)
        best["texts_compared"] = int(sum(map(len, cosines)))
        for name in SETS:
            key = name.replace("/", "_")
            if f"{key}_corpus" in vectors[engine]:
                ids = (list(queries[name]), list(corpora[name]))
                qrels = read_qrels(data / name / "qrels.tsv")
                made = vectors[engine]
                best[f"ndcg10 {name.split('/')[0]}"] = round(
                    ndcg(made[f"{key}_queries"], made[f"{key}_corpus"], ids, qrels), 4
                )
        results[engine] = best
    rates = ("passages_per_s", "passages_per_s_cpu")
    fastest = {key: max(results["st-32"][key], results["st-8"][key]) for key in rates}
    for row in results.values():
        row["times_reference"] = round(row["passages_per_s"] / results["st-32"]["passages_per_s"], 2)
        row["times_reference_cpu"] = round(row[rates[1]] / results["st-32"][rates[1]], 2)
        row["times_fastest_reference_cpu"] = round(row[rates[1]] / fastest[rates[1]], 2)
    return results


def table(report: dict) -> str:
    """RESULTS.md."""
    machine_ = report["machine"]
    columns = [
        ("passages_per_s", "passages/s"),
        ("passages_per_s_cpu", "by CPU time"),
        ("times_reference", "× st-32"),
        ("times_reference_cpu", "× by CPU time"),
        ("times_fastest_reference_cpu", "× best of st"),
        ("cosine_min", "cosine, least"),
        ("ndcg10 squad2", "nDCG@10 squad2"),
        ("ndcg10 product_docs_qa", "nDCG@10 product docs"),
        ("query_ms", "one query, ms"),
        ("load_s", "load, s"),
        ("added_mb", "peak memory added, MB"),
    ]
    lines = [
        f"# {report['model']}: {report['passages']} passages of {report['tokens']} tokens, "
        f"{report['threads']} threads",
        "",
        f"{machine_['cpu']}, {machine_['cores']} cores ({', '.join(machine_['instructions'])}), "
        f"{machine_['date']}, "
        f"Python {machine_['python']}, OpenVINO {machine_['openvino']}, {', '.join(machine_['reference'])}. "
        f"Load average before {machine_['load_before'][0]}, after {machine_['load_after'][0]}.",
        "",
        "| engine | " + " | ".join(title for _, title in columns) + " |",
        "| --- |" + " --- |" * len(columns),
    ]
    for engine, row in report["engines"].items():
        lines.append(f"| {engine} | " + " | ".join(str(row.get(key, "-")) for key, _ in columns) + " |")
    lines += [
        "",
        "`st-32` is sentence-transformers with its default batch of 32, `st-8` with the batch that was "
        "fastest on this machine when idle; both float32 on PyTorch.",
        "Cosine is against `st-32`, over passages, corpora and queries, the least of all.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
