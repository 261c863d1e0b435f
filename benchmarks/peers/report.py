"""The results as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from measures import CLIENTS, Figures


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: which figure, whether more of it is better, what was promised."""

    title: str
    phase: str
    figure: str
    more_is_better: bool = False
    promised: str = ""


ROWS = (
    Row("start to ready, s", "start", "seconds", promised="at most 0.33"),
    Row("resident after start, MB", "start", "rss_mb", promised="at most 0.5"),
    Row("insert with embedding, first after start, chunks/s", "insert", "per_s", True, "at least 6"),
    Row("insert with embedding, from then on, chunks/s", "insert_warm", "per_s", True),
    Row("insert with vectors, chunks/s", "insert_ready", "per_s", True),
    Row("query, 1 client, p50 ms", "query_1", "p50_ms", promised="at most 0.5"),
    Row("query, 1 client, p95 ms", "query_1", "p95_ms"),
    Row("query, 1 client, hit@5", "query_1", "hit_at_5", True),
    Row(f"query, {CLIENTS} clients, p50 ms", f"query_{CLIENTS}", "p50_ms", promised="at most 0.2"),
    Row(f"query, {CLIENTS} clients, p95 ms", f"query_{CLIENTS}", "p95_ms"),
    Row(f"query, {CLIENTS} clients, a second", f"query_{CLIENTS}", "per_s", True),
    Row(f"query, {CLIENTS} clients, hit@5", f"query_{CLIENTS}", "hit_at_5", True),
    Row("attach files, words/s", "attach", "per_s", True),
    Row("store search, 1 client, p50 ms", "search_1", "p50_ms"),
    Row("store search, 1 client, hit@5", "search_1", "hit_at_5", True),
    Row(f"store search, {CLIENTS} clients, p50 ms", f"search_{CLIENTS}", "p50_ms"),
    Row(f"store search, {CLIENTS} clients, a second", f"search_{CLIENTS}", "per_s", True),
    Row("resident at the end, MB", "end", "rss_mb"),
    Row("processes at the end", "end", "processes"),
)


def report(rounds: Sequence[Mapping[str, Figures]], peers: Sequence[str], about: Mapping[str, object]) -> str:
    """A table of medians over the rounds, ours with its ratio to the best peer's."""
    names = list(rounds[0])
    ours = [name for name in names if name not in peers]
    heads = ["", *names, *(f"{name} / best peer" for name in ours), "promised"]
    lines = [
        "# Beside other servers",
        "",
        f"{about['machine']}; {about['at']}; Muniment {about['muniment']}, Python {about['python']}.",
        f"{about['chunks']} chunks of 200 words, all-MiniLM-L6-v2; twice {about['embedded']} of them are "
        f"embedded by the server, and the words of half of those attached as files. Rounds: {len(rounds)}.",
        "",
        f"| {' | '.join(heads)} |",
        f"| {' | '.join('---' for _ in heads)} |",
    ]
    for row in ROWS:
        values = {name: _median(rounds, name, row) for name in names}
        best = (max if row.more_is_better else min)(values[name] for name in peers)
        ratios = [f"{values[name] / best:.2f}" if best else "" for name in ours]
        cells = [row.title, *(f"{values[name]:g}" for name in names), *ratios, row.promised]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *NOTES, ""])


NOTES = (
    "Made by `benchmarks/peers/run.py`; one server at a time, from its start to its end.",
    "",
    "A peer is ready when `/v1/health` answers; Muniment when `/v1/ready` does. Nothing is stored "
    "then, so neither holds its embedding model yet: the first insert loads it. Every query is asked "
    "once. A hit: the query's twelve words stand in one of the five results. Memory "
    "is the resident sets of all the server's processes. `results.json` has each phase's CPU time as well.",
)


def _median(rounds: Sequence[Mapping[str, Figures]], name: str, row: Row) -> float:
    return round(median(figures[name][row.phase][row.figure] for figures in rounds), 2)
