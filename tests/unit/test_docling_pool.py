"""One bad document fails alone, and says why; workers cannot reach out and do not stay behind."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
import pytest_asyncio

from muniment.errors import DocumentError, MunimentError
from muniment.providers.docling.jobs import Limits
from muniment.providers.docling.pool import WorkerPool
from muniment.providers.docling.worker_process import resident_bytes

MB = 2**20
LIMITS = Limits(
    max_file_bytes=MB,
    max_unpacked_bytes=MB,
    max_pages=9,
    max_pixels=9,
    memory_bytes=400 * MB,
    threads=1,
    ocr=False,
)


def pool_of(*, workers: int = 1, timeout_s: float = 60.0, recycle_after: int = 50) -> WorkerPool:
    return WorkerPool(
        workers=workers,
        timeout_s=timeout_s,
        recycle_after=recycle_after,
        limits=LIMITS,
        parser="test",
        target="hostile_parsing:parse",
    )


one_pool = pytest.mark.asyncio(loop_scope="module")
"""For tests of a pool that has had bad documents before, as any pool may have."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool():
    made = pool_of()
    yield made
    await made.aclose()


@pytest.fixture
def wish(tmp_path):
    def parse(pool: WorkerPool, what: str):
        path = tmp_path / f"{what[:20]}.txt"
        path.write_text(what)
        return pool.parse(path, path.name, "0" * 64)

    return parse


@one_pool
@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("crash", "parser_crashed", "SIGSEGV"),
        ("abort", "parser_crashed", "SIGABRT"),
        ("exit", "parser_crashed", "exit code 3"),
        ("eat", "parse_out_of_memory", "400 MB"),
        ("raise", "parser_failed", "ZeroDivisionError"),
        ("recurse", "parser_failed", "RecursionError"),
        ("refuse", "made_up", "refused for a reason"),
    ],
)
async def test_a_bad_document_fails_alone_and_says_why(pool, wish, what, code, words):
    assert (await wish(pool, "before")).document.text == "before"
    with pytest.raises(DocumentError) as caught:
        await wish(pool, what)
    assert caught.value.code == code
    assert words in caught.value.message
    assert caught.value.hint
    assert (await wish(pool, "after")).document.text == "after"


@pytest.mark.parametrize("what", ["hang", "spin"])
async def test_a_document_that_never_ends_is_given_up(wish, what):
    pool = pool_of(timeout_s=1.0)
    try:
        await wish(pool, "warm up")
        with pytest.raises(DocumentError) as caught:
            await wish(pool, what)
        assert caught.value.code == "parse_timeout"
        assert "timeout_s" in caught.value.hint
        assert (await wish(pool, "after")).document.text == "after"
    finally:
        await pool.aclose()


@one_pool
@pytest.mark.parametrize("what", ["print", "write", "interrupt"])
async def test_noise_and_interrupts_do_not_disturb_a_worker(pool, wish, what):
    assert (await wish(pool, what)).document.text == what


@one_pool
async def test_workers_reach_neither_network_nor_programs(pool, wish):
    assert (await wish(pool, "outside")).document.text == "stopped: connect resolve url process shell"


async def test_workers_know_no_secrets(wish, monkeypatch):
    monkeypatch.setenv("MUNIMENT_SECRET_KEY", "hush")
    pool = pool_of()
    try:
        assert "MUNIMENT_SECRET_KEY" not in (await wish(pool, "environment")).document.text
    finally:
        await pool.aclose()


async def test_a_crash_beside_other_documents_leaves_them_alone(wish):
    pool = pool_of(workers=2)
    try:
        results = await asyncio.gather(
            *(wish(pool, what) for what in ["one", "crash", "two", "abort", "three"]), return_exceptions=True
        )
        assert [isinstance(result, MunimentError) for result in results] == [False, True, False, True, False]
    finally:
        await pool.aclose()


async def test_workers_are_kept_and_then_recycled(wish):
    pool = pool_of(recycle_after=2)
    try:
        pids = [(await wish(pool, "pid")).document.text for _ in range(4)]
        assert pids[0] == pids[1]
        assert pids[1] != pids[2]
        assert pids[2] == pids[3]
    finally:
        await pool.aclose()


@one_pool
async def test_a_worker_killed_while_idle_is_replaced(pool, wish):
    pid = int((await wish(pool, "pid")).document.text)
    os.kill(pid, signal.SIGKILL)
    assert (await wish(pool, "after")).document.text == "after"


@one_pool
async def test_a_cancelled_call_frees_its_worker(pool, wish):
    await wish(pool, "warm up")
    task = asyncio.create_task(wish(pool, "hang"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await wish(pool, "after")).document.text == "after"


async def test_closing_stops_busy_workers(wish):
    pool = pool_of()
    pid = int((await wish(pool, "pid")).document.text)
    task = asyncio.create_task(wish(pool, "hang"))
    await asyncio.sleep(0.2)
    await pool.aclose()
    with pytest.raises(DocumentError) as caught:
        await task
    assert caught.value.code == "parse_cancelled"
    assert resident_bytes(pid) == 0


def test_workers_end_with_their_parent_even_when_it_is_killed(tmp_path):
    (tmp_path / "pid.txt").write_text("pid")
    (tmp_path / "hang.txt").write_text("hang")
    script = f"""
import asyncio, os, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from test_docling_pool import pool_of
async def main():
    pool = pool_of()
    print((await pool.parse(Path("pid.txt"), "pid.txt", "0")).document.text, flush=True)
    await pool.parse(Path("hang.txt"), "hang.txt", "0")
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert resident_bytes(worker) > 0
    finally:
        parent.kill()
        parent.wait()
        assert parent.stdout is not None
        parent.stdout.close()
    while resident_bytes(worker) > 0:  # the test's own time limit ends this when the worker stays
        pass


def test_memory_of_a_process_is_read():
    assert resident_bytes(os.getpid()) > MB
