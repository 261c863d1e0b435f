"""What is measured of one server, from outside."""

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from corpus import CHUNKS_PER_FILE, WORDS_PER_CHUNK, Corpus
from process import Server
from wire import Peer, Wire

Figures = dict[str, dict[str, float]]

BATCH = 100
"""Chunks in one insert."""
WARM_UP, ALONE, TOGETHER = 5, 100, 200
"""Queries to warm up, with one client, and with ``CLIENTS``: all different."""
CLIENTS = 8
START_TIMEOUT_S = 300
ATTACH_TIMEOUT_S = 600


def measure(peer: Peer, corpus: Corpus, embedded: int, folder: Path, log: Path, is_ours: bool) -> Figures:
    """Start the server in ``folder``, measure it and stop it."""
    wire = Wire(peer)
    if wire.is_healthy():
        raise SystemExit(f"Something listens at {peer.base_url} already: stop it first.")
    server = Server(peer.command, folder, log)
    try:
        figures = {"start": _start(server, wire, is_ours)}
        figures |= _chunks(server, wire, corpus, embedded)
        figures |= _files(server, wire, corpus, max(1, embedded // CHUNKS_PER_FILE))
        figures["end"] = server.usage().as_json()
        return figures
    finally:
        server.stop()


def _start(server: Server, wire: Wire, is_ours: bool) -> dict[str, float]:
    """Seconds to healthy (Muniment's: to ready, which is later) and memory two seconds later."""
    seconds = server.wait_until(wire.is_ready if is_ours else wire.is_healthy, START_TIMEOUT_S)
    time.sleep(2)
    return {"seconds": round(seconds, 2), **server.usage().as_json()}


def _chunks(server: Server, wire: Wire, corpus: Corpus, embedded: int) -> Figures:
    store = wire.create_store("chunks")
    numbered = list(enumerate(corpus.chunks))

    def insert(part: Sequence[tuple[int, str]], ready: bool) -> None:
        for start in range(0, len(part), BATCH):
            batch = list(part[start : start + BATCH])
            wire.insert(store, batch, [list(corpus.vectors[n]) for n, _ in batch] if ready else None)

    first, second, ready = (
        numbered[:embedded],
        numbered[embedded : 2 * embedded],
        numbered[2 * embedded :],
    )
    figures = {
        "insert": _rate(server, lambda: insert(first, False), len(first)),
        "insert_warm": _rate(server, lambda: insert(second, False), len(second)),
        "insert_ready": _rate(server, lambda: insert(ready, True), len(ready)),
    }
    return figures | _asked(server, "query", lambda text: wire.query(store, text), corpus, len(numbered))


def _files(server: Server, wire: Wire, corpus: Corpus, count: int) -> Figures:
    store = wire.create_file_store("files")
    files = [wire.upload(name, content) for name, content in corpus.files(count)]

    def attach() -> None:
        for file in files:
            status, deadline = wire.attach(store, file), time.perf_counter() + ATTACH_TIMEOUT_S
            while status == "in_progress" and time.perf_counter() < deadline:
                time.sleep(0.05)
                status = wire.attached(store, file)
            if status != "completed":
                raise SystemExit(f"{wire.peer.name}: file {file} ended as {status}.")

    words = count * CHUNKS_PER_FILE * WORDS_PER_CHUNK
    figures = {"attach": _rate(server, attach, words)}
    among = count * CHUNKS_PER_FILE
    return figures | _asked(server, "search", lambda text: wire.search(store, text), corpus, among)


def _rate(server: Server, work: Callable[[], None], amount: int) -> dict[str, float]:
    """How much of it a second, and what CPU time the server took."""
    began, cpu = time.perf_counter(), server.usage().cpu_s
    work()
    seconds = time.perf_counter() - began
    return {
        "per_s": round(amount / seconds, 1),
        "seconds": round(seconds, 2),
        "cpu_s": round(server.usage().cpu_s - cpu, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def _asked(server: Server, name: str, ask: Callable[[str], bytes], corpus: Corpus, among: int) -> Figures:
    """The same kind of question with one client and with several."""
    queries = corpus.queries(WARM_UP + ALONE + TOGETHER, among)
    for query in queries[:WARM_UP]:
        ask(query)
    alone, together = queries[WARM_UP : WARM_UP + ALONE], queries[WARM_UP + ALONE :]
    return {
        f"{name}_1": _latencies(server, ask, alone, 1),
        f"{name}_{CLIENTS}": _latencies(server, ask, together, CLIENTS),
    }


def _latencies(
    server: Server, ask: Callable[[str], bytes], queries: Sequence[str], clients: int
) -> dict[str, float]:
    """Milliseconds, queries a second, the share whose words stand in one of the five results."""

    def timed(query: str) -> tuple[float, bytes]:
        began = time.perf_counter()
        answer = ask(query)
        return (time.perf_counter() - began) * 1000, answer

    cpu = server.usage().cpu_s
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        asked = list(threads.map(timed, queries))
    seconds = time.perf_counter() - began
    spent = [milliseconds for milliseconds, _ in asked]
    hits = sum(_holds(answer, query) for (_, answer), query in zip(asked, queries, strict=True))
    return {
        "p50_ms": round(median(spent), 1),
        "p95_ms": round(quantiles(spent, n=20)[18], 1),
        "per_s": round(len(queries) / seconds, 1),
        "hit_at_5": round(hits / len(queries), 2),
        "cpu_ms_each": round((server.usage().cpu_s - cpu) * 1000 / len(queries), 1),
        "load": round(os.getloadavg()[0], 1),
    }


def _holds(answer: bytes, query: str) -> bool:
    return query in " ".join(text for text in _texts(json.loads(answer)))


def _texts(value: object) -> list[str]:
    """All strings in a JSON value, with single spaces."""
    if isinstance(value, str):
        return [" ".join(value.split())]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []
