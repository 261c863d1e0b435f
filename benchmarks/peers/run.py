"""Muniment beside other RAG servers: start, memory, inserts, queries, files, searches, over the same wire.

usage: run.py TEXT_FILE [TEXT_FILE ...] --peer NAME KIND BASE_URL START_COMMAND [--peer ...]
              [--set NAME FIELD VALUE] [--rounds 1] [--data FOLDER]

Cuts the text files into 2,000 chunks of 200 words. Each server is started, measured and stopped with
nothing else running; Muniment, with temporary settings and its embedded Milvus, speaks the dialect of each
peer that it stands beside. A peer must begin with nothing stored and with all-MiniLM-L6-v2; what it needs
besides, such as a server for its language model, must run already. Start a peer once beforehand, so that its
bytecode is compiled as it is where it was installed and used. KIND is its dialect:

  v02   Llama Stack 0.2: /v1/vector-dbs, OpenAI's routes below /v1/openai/v1
  v03   Llama Stack 0.3: /v1/vector_stores
  ogx   OGX 1: as v03, but clients embed the chunks that they insert

--set names what differs at a peer: `embedding_model` (its id for the model) or `provider` (of its vector
store). With --rounds 2 the order is ours, peer, ours, peer; the table then shows medians. FOLDER keeps the
chunks' vectors for another run, and the servers' logs. Writes results.json and RESULTS.md beside this file.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from corpus import Corpus, load
from measures import Figures, measure
from report import report
from wire import KINDS, Peer

from machine import describe

PORT = 18421
FIELDS = ("embedding_model", "provider")


def main() -> None:
    """Measure and write the results."""
    arguments = parsed()
    peers = [peer_of(values, arguments.set) for values in arguments.peer]
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.data or Path(scratch)).resolve()
        corpus = load(arguments.texts, arguments.chunks, folder)
        machine = describe()
        rounds = [measure_all(peers, corpus, arguments.embedded, folder) for _ in range(arguments.rounds)]
    results = {
        "machine": machine,
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "muniment": version("muniment"),
        "python": sys.version.split()[0],
        "chunks": len(corpus.chunks),
        "embedded": arguments.embedded,
        "peers": [peer.name for peer in peers],
        "rounds": rounds,
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    text = report(rounds, [peer.name for peer in peers], results)
    (HERE / "RESULTS.md").write_text(text)
    print(text)


def parsed() -> argparse.Namespace:
    """The arguments, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", nargs="+", type=Path)
    parser.add_argument(
        "--peer", nargs=4, action="append", default=[], metavar=("NAME", "KIND", "BASE_URL", "START_COMMAND")
    )
    parser.add_argument("--set", nargs=3, action="append", default=[], metavar=("NAME", "FIELD", "VALUE"))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--chunks", type=int, default=2000)
    parser.add_argument("--embedded", type=int, default=200, help="chunks that the servers embed")
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    for name, kind, *_ in arguments.peer:
        if kind not in KINDS:
            parser.error(f"peer {name}: kind {kind!r} is none of {', '.join(KINDS)}")
    for name, field, _ in arguments.set:
        if field not in FIELDS or name not in [values[0] for values in arguments.peer]:
            parser.error(f"--set {name} {field}: give a peer's name and one of {', '.join(FIELDS)}")
    if not arguments.peer:
        parser.error("give at least one --peer")
    return arguments


def peer_of(values: Sequence[str], changes: Sequence[Sequence[str]]) -> Peer:
    """A peer as the arguments describe it."""
    name, kind, base_url, command = values
    peer = Peer(name, kind, base_url.rstrip("/").removesuffix("/v1"), command)
    return replace(peer, **{field: value for owner, field, value in changes if owner == name})


def measure_all(peers: Sequence[Peer], corpus: Corpus, embedded: int, folder: Path) -> dict[str, Figures]:
    """One round: before the first peer of each dialect, Muniment in that dialect."""
    figures: dict[str, Figures] = {}
    for peer in peers:
        ours = f"Muniment ({peer.kind})"
        if ours not in figures:
            with tempfile.TemporaryDirectory() as home:
                figures[ours] = measure(
                    muniment(ours, peer.kind, Path(home)),
                    corpus,
                    embedded,
                    Path(home),
                    folder / f"{ours}.log",
                    True,
                )
        figures[peer.name] = measure(peer, corpus, embedded, Path.cwd(), folder / f"{peer.name}.log", False)
    return figures


def muniment(name: str, kind: str, home: Path) -> Peer:
    """Muniment with settings of its own in ``home``."""
    (home / "muniment.yaml").write_text("data_dir: data\ncollections: {declared: {}}\n")
    command = f"exec {shlex.quote(sys.executable)} -m muniment serve --port {PORT}"
    return Peer(name, kind, f"http://127.0.0.1:{PORT}", command)


if __name__ == "__main__":
    main()
