"""What one client writes, another must read: both halves, for every client.

usage: python exchange.py BASE_URL --dialect NAME write           prints a line for each way of writing
       python exchange.py BASE_URL --dialect NAME read < LINES    prints a line for each text and way

A line of ``write`` is ``{"way", "store", "text"}``; one of ``read`` adds ``"by"`` and what was ``"found"``.
"""

import argparse
import json
import sys
import uuid
from collections.abc import Callable
from typing import Any

import llama_stack_0_2
import llama_stack_0_3
import ogx
import openai_sync
from openai_files import settled
from steps import State, items, new_run, plain, waited

FLOWS = {
    "llama_stack_0_2": llama_stack_0_2,
    "llama_stack_0_3": llama_stack_0_3,
    "ogx": ogx,
    "openai_sync": openai_sync,
}
Write = Callable[[State, str, str], object]
Read = Callable[[State, str, str], object]


def inserted(s: State, store: str, text: str) -> object:
    """Chunks that the server embeds."""
    chunk = {"content": text, "chunk_id": uuid.uuid4().hex, "metadata": {"document_id": f"doc-{s.run}"}}
    return s.client.vector_io.insert(**{s.store_key: store}, chunks=[chunk])


def inserted_with_a_vector(s: State, store: str, text: str) -> object:
    chunk = ogx.embedded(s, text, uuid.uuid4().hex, f"doc-{s.run}")
    return s.client.vector_io.insert(vector_store_id=store, chunks=[chunk])


def inserted_by_the_rag_tool(s: State, store: str, text: str) -> object:
    document = {"document_id": f"doc-{s.run}", "content": text, "mime_type": "text/plain", "metadata": {}}
    insert = s.client.tool_runtime.rag_tool.insert
    return insert(documents=[document], vector_db_id=store, chunk_size_in_tokens=64)


def attached(s: State, store: str, text: str) -> object:
    file = s.client.files.create(file=(f"{s.run}.txt", text.encode()), purpose="assistants")
    s.client.vector_stores.files.create(store, file_id=file.id)
    path = f"{s.openai_prefix}/vector_stores/{store}/files/{file.id}"
    ended = waited(lambda: s.plain("GET", path)[1], lambda seen: seen.get("status") != "in_progress")
    assert ended["status"] == "completed", ended
    return ended


def attached_in_a_batch(s: State, store: str, text: str) -> object:
    file = s.client.files.create(file=(f"{s.run}.txt", text.encode()), purpose="assistants")
    batches = s.client.vector_stores.file_batches
    batch = batches.create(vector_store_id=store, file_ids=[file.id])
    ended = waited(lambda: batches.retrieve(vector_store_id=store, batch_id=batch.id), settled)
    assert ended.file_counts.completed == 1, ended
    return ended


def queried(s: State, store: str, question: str) -> object:
    return s.client.vector_io.query(**{s.store_key: store}, query=question, params={"max_chunks": 1}).chunks


def queried_by_the_rag_tool(s: State, store: str, question: str) -> object:
    return s.client.tool_runtime.rag_tool.query(content=question, vector_db_ids=[store]).content


def searched(s: State, store: str, question: str) -> object:
    return items(s.client.vector_stores.search(store, query=question, max_num_results=1))


def answered_by_a_response(s: State, store: str, question: str) -> object:
    tools = [{"type": "file_search", "vector_store_ids": [store]}]
    return s.client.responses.create(model=s.llm, input=question, tools=tools).output


def ways(s: State, dialect: str) -> tuple[tuple[Write, ...], tuple[Read, ...]]:
    """How a client writes and reads."""
    if dialect == "ogx":
        return (inserted_with_a_vector, attached, attached_in_a_batch), (
            queried,
            searched,
            answered_by_a_response,
        )
    if dialect == "openai_sync":
        return (attached, attached_in_a_batch), (searched, answered_by_a_response)
    reads: tuple[Read, ...] = (queried, searched, answered_by_a_response)
    if s.version == llama_stack_0_3.NEW:
        return (inserted, attached, attached_in_a_batch), reads
    writes: tuple[Write, ...] = (inserted, inserted_by_the_rag_tool, attached)
    return writes, (*reads, queried_by_the_rag_tool)


def new_store(s: State, dialect: str) -> str:
    """A store made as the client makes one: a vector db with 0.2, a vector store with the others."""
    if dialect == "llama_stack_0_2":
        return str(llama_stack_0_2.register(s, s.name("exchange")).identifier)
    return str(s.client.vector_stores.create(name=s.name("exchange")).id)


def write(s: State, dialect: str) -> None:
    for way in ways(s, dialect)[0]:
        s.run = new_run()
        text = f"Machine M-{s.run} was built in {1900 + int(s.run[:2], 16) % 100}."
        line: dict[str, Any] = {
            "way": way.__name__,
            "text": text,
            "question": f"When was machine M-{s.run} built?",
        }
        try:
            line["store"] = new_store(s, dialect)
            way(s, line["store"], text)
        except Exception as error:
            line["error"] = f"{type(error).__name__}: {error}"
        say(line)


def read(s: State, dialect: str) -> None:
    for line in [json.loads(line) for line in sys.stdin]:
        for way in ways(s, dialect)[1]:
            try:
                found = json.dumps(plainly(way(s, line["store"], line["question"])), default=str)
            except Exception as error:
                found = f"{type(error).__name__}: {error}"
            say({**line, "by": way.__name__, "found": found[:3000]})


def plainly(value: Any) -> Any:
    """Without the vectors, which are long."""
    listed = [plain(entry) for entry in value]
    return [{k: v for k, v in entry.items() if k != "embedding"} for entry in listed]


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write or read texts with a client.")
    parser.add_argument("base_url", help="without /v1")
    parser.add_argument("--dialect", choices=FLOWS, required=True)
    parser.add_argument("--llm", default="smollm2")
    parser.add_argument("--embedding-model", default="all-MiniLM-L6-v2")
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("half", choices=["write", "read"])
    given = parser.parse_args()
    state = State(**vars(given) | {"base_url": given.base_url.rstrip("/"), "run": new_run()})
    FLOWS[given.dialect].connect(state)
    (write if given.half == "write" else read)(state, given.dialect)
