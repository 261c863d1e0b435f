"""A workspace behind a server gives the same as the workspace itself: results, events, errors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from muniment.api.app import create_app
from muniment.cli.remote import RemoteWorkspace
from muniment.collections.fake import FakeWorkspace
from muniment.collections.workspace import Workspace
from muniment.errors import MunimentError
from muniment.evaluation.compare import compared
from muniment.evaluation.evaluator import reported
from muniment.evaluation.gate import gated
from muniment.settings import Settings
from muniment.types import (
    Combination,
    Comparison,
    DocumentState,
    EvaluatedWith,
    Fate,
    FoundPassage,
    GivenCitation,
    LabelledQuestion,
    Operator,
    PageLabel,
    QuestionResult,
    ReportCalibration,
    SearchMode,
    Shard,
    SpanLabel,
)

DOCUMENTS = {
    "handbook": {"leave.pdf": "Employees have 30 days of leave.\nÜber 𝔘nicode.", "broken.pdf": "UNREADABLE"},
    "empty": {},
}
FILTER = Combination(
    True, (Comparison("year", Operator.GTE, 2020), Comparison("team", Operator.IN, ("a", "b")))
)

Call = Callable[[Workspace], Awaitable[object]]


@pytest.fixture
def direct(tmp_path: Path) -> FakeWorkspace:
    return FakeWorkspace(DOCUMENTS, tmp_path)


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[RemoteWorkspace]:
    async def opened() -> FakeWorkspace:
        return FakeWorkspace(DOCUMENTS, tmp_path)

    app = create_app(opened, Settings())
    async with app.router.lifespan_context(app):
        remote = RemoteWorkspace("http://muniment", httpx.ASGITransport(app))
        await remote.wait_until_open(5)
        yield remote
        await remote.aclose()


async def listed(events: AsyncIterator[object]) -> list[object]:
    return [event async for event in events]


async def document_id(workspace: Workspace) -> str:
    return (await workspace.documents("handbook"))[-1].document_id


async def on_document(workspace: Workspace, method: str, *arguments: object, **named: object) -> object:
    return await getattr(workspace, method)("handbook", await document_id(workspace), *arguments, **named)


async def bytes_of_raw_file(workspace: Workspace) -> bytes:
    return (await workspace.raw_file("handbook", await document_id(workspace))).read_bytes()


async def uploaded_and_deleted(workspace: Workspace) -> object:
    file = Path(__file__)
    document = await workspace.upload("empty", "in/a ü.txt", file, {"year": 2026, "draft": True, "x": 1.5})
    return document, await workspace.delete_document("empty", document.document_id)


async def runs_after_ingest(workspace: Workspace) -> object:
    events = await listed(workspace.ingest("handbook", trigger="cli", retry_failed=True, rebuild=True))
    return events, await workspace.runs(), await workspace.runs("empty"), await workspace.collections()


async def runs_after_apply(workspace: Workspace) -> object:
    events = await listed(
        workspace.apply("handbook", trigger="cli", plan="plan_handbook", shard=Shard(1, 3), retry_failed=True)
    )
    [run] = await workspace.runs("handbook")
    failed = await workspace.run_documents(run.id, fate=Fate.FAILED)
    after = await workspace.run_documents(run.id, limit=1, after=failed[0].uri)
    return events, await workspace.run(run.id), failed, after


async def generations_built(workspace: Workspace) -> object:
    staged = await listed(workspace.stage("handbook")), await workspace.generations("handbook")
    discarded = await workspace.discard("handbook"), await workspace.generations("handbook")
    await listed(workspace.stage("handbook"))
    return staged, discarded, await listed(workspace.promote("handbook"))


REPORT = reported(
    [
        QuestionResult(
            LabelledQuestion(
                "a", "How?", ("So.",), pages=(PageLabel(3, "a.pdf"),), spans=(SpanLabel("a", "b"),)
            ),
            (FoundPassage("a.pdf", (3,), 0.5, (0,)),),
            "So. [1]",
            "grounded",
            (GivenCitation("a.pdf", 3, "so", "verified", True),),
            0.75,
            {"mrr": 1.0, "right_answers": 1.0},
            {"search": 1.5},
        ),
        QuestionResult(LabelledQuestion("b", "Why?", unanswerable=True), error_code="x", error="y"),
    ],
    EvaluatedWith("handbook", "f" * 64, "questions.jsonl", 1, "small", "extractive", 2, 3, "1.0"),
    notes=("Mind.",),
    created_at="2026-01-01T00:00:00.000Z",
)


async def quality_kept(workspace: Workspace) -> object:
    compared_with_itself = replace(
        gated(REPORT, {"mrr": 0.5, "answered": 0.5}),
        comparison=compared(REPORT, REPORT),
        calibration=ReportCalibration(0.125, 0.05, 20, 10, 0.05, 0.5, 0.75),
    )
    await workspace.keep_report("handbook", compared_with_itself)
    kept = await workspace.quality("handbook")
    assert kept == compared_with_itself
    assert kept.calibration is not None
    return kept


CALLS: dict[str, Call] = {
    "readiness": lambda w: w.readiness(),
    "collections": lambda w: w.collections(),
    "collection": lambda w: w.collection("handbook"),
    "documents": lambda w: w.documents("handbook"),
    "failed documents": lambda w: w.documents("handbook", state=DocumentState.FAILED),
    "documents in pages": lambda w: w.documents("handbook", limit=1, after="broken.pdf"),
    "document": lambda w: on_document(w, "document"),
    "search": lambda w: w.search("handbook", "leave", mode=SearchMode.KEYWORD, limit=3, filter=FILTER),
    "answer": lambda w: listed(
        w.answer("handbook", "days of leave", generator="extractive", top_k=2, filter=FILTER)
    ),
    "abstention": lambda w: listed(w.answer("handbook", "zebra")),
    "ingest and runs": runs_after_ingest,
    "verify": lambda w: w.verify("handbook", questions=["hand", "zebra"], staged=True),
    "verify the setup": lambda w: w.verify("empty", setup_only=True),
    "plan": lambda w: w.plan("handbook", retry_failed=True, share=True),
    "a part staged": lambda w: listed(w.stage("handbook", shard=Shard(1, 3))),
    "plan's changes": lambda w: w.plan_changes("plan_handbook", limit=1),
    "plan's shards": lambda w: w.plan_shards("plan_handbook", 3),
    "apply and its documents": runs_after_apply,
    "generations": generations_built,
    "quality": quality_kept,
    "upload and delete": uploaded_and_deleted,
    "parsed": lambda w: on_document(w, "parsed"),
    "raw file": bytes_of_raw_file,
    "page image": lambda w: on_document(w, "page_image", 1, ranges=((0, 4), (9, 12)), scale=2.0),
}

FAILING: dict[str, Call] = {
    "unknown collection": lambda w: w.collection("handbok"),
    "unknown collection, searched": lambda w: w.search("nope", "leave"),
    "unknown collection, answered": lambda w: listed(w.answer("nope", "leave")),
    "unknown collection, ingested": lambda w: listed(w.ingest("nope", trigger="cli")),
    "unknown collection, planned": lambda w: w.plan("nope"),
    "unknown collection, applied": lambda w: listed(w.apply("nope", trigger="cli")),
    "unknown run": lambda w: w.run("run_1"),
    "unknown run, documents": lambda w: w.run_documents("run_1"),
    "unknown collection, runs": lambda w: w.runs("nope"),
    "unknown document": lambda w: w.parsed("handbook", "a/../b"),
    "unknown document, looked up": lambda w: w.document("handbook", "nope"),
    "unknown collection, looked up": lambda w: w.document("nope", "nope"),
    "unknown page": lambda w: on_document(w, "page_image", 7, ranges=(), scale=1.0),
    "document of a source": lambda w: on_document(w, "delete_document"),
    "no generator": lambda w: listed(w.answer("handbook", "UNREACHABLE leave")),
    "nothing staged": lambda w: listed(w.promote("handbook")),
    "nothing staged, discarded": lambda w: w.discard("handbook"),
    "no previous generation": lambda w: listed(w.rollback("handbook")),
    "unknown collection, its generations": lambda w: w.generations("nope"),
    "never evaluated": lambda w: w.quality("handbook"),
    "report of another collection": lambda w: w.keep_report("empty", REPORT),
    "unknown collection, its quality": lambda w: w.quality("nope"),
    "generator breaks off": lambda w: listed(w.answer("handbook", "BREAK leave")),
}


@pytest.mark.parametrize("name", CALLS)
async def test_the_same_call_gives_the_same(
    direct: FakeWorkspace, remote: RemoteWorkspace, name: str
) -> None:
    assert await CALLS[name](remote) == await CALLS[name](direct)


@pytest.mark.parametrize("name", FAILING)
async def test_the_same_call_fails_in_the_same_way(
    direct: FakeWorkspace, remote: RemoteWorkspace, name: str
) -> None:
    with pytest.raises(MunimentError) as here:
        await FAILING[name](direct)
    with pytest.raises(type(here.value)) as there:
        await FAILING[name](remote)
    if name != "unknown document":  # the address keeps no such name whole
        assert (there.value.code, there.value.message, there.value.hint) == (
            here.value.code,
            here.value.message,
            here.value.hint,
        )


async def test_a_server_that_is_not_there_is_named() -> None:
    remote = RemoteWorkspace("http://127.0.0.1:9")
    with pytest.raises(MunimentError, match=r"127\.0\.0\.1:9") as caught:
        await remote.collections()
    assert caught.value.code == "server_unreachable"
    await remote.aclose()
