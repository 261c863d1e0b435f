"""The workspace of a running server, over HTTP."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from muniment.answer.events import AnswerEvent, Delta, Finished, Retrieved
from muniment.api.wire import (
    AnswerRequest,
    AnswerWire,
    ApplyRequest,
    ChangeList,
    CollectionList,
    CollectionWire,
    DeltaWire,
    DocumentFinishedWire,
    DocumentList,
    DocumentWire,
    EvaluationReportWire,
    GenerationList,
    GenerationRequest,
    GenerationWire,
    ParsedDocumentWire,
    PlanRequest,
    PlanWire,
    PromoteRequest,
    ReadinessWire,
    RetrievedWire,
    RunDocumentList,
    RunList,
    RunProgressWire,
    RunRequest,
    RunWire,
    SearchRequest,
    SearchResultWire,
    ShardList,
    StageRequest,
    UploadResult,
    VerificationWire,
    VerifyRequest,
    filter_to_wire,
)
from muniment.cli.remote_errors import broken_off
from muniment.cli.remote_paths import collection_path, document_path
from muniment.cli.server_connection import ServerConnection
from muniment.errors import MunimentError, NotFoundError
from muniment.evaluation.stored import report_to_json
from muniment.ingest.plan_text import PlanFile
from muniment.types import (
    Change,
    CollectionStatus,
    Document,
    DocumentState,
    EvaluationReport,
    Fate,
    Filter,
    GenerationStatus,
    MetadataValue,
    ParsedDocument,
    Plan,
    Readiness,
    Run,
    RunDocument,
    RunEvent,
    SearchMode,
    SearchResult,
    Shard,
    ShardPart,
    Verification,
)


class RemoteWorkspace:
    """Does everything by asking the server at ``url``; errors come back as what they were there.

    Args:
        url: the server's root, such as ``http://127.0.0.1:8321``.
        transport: how to reach it; over the network when None.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url
        self._server = ServerConnection(url, transport)
        self._folder: Path | None = None

    async def wait_until_open(self, seconds: float) -> None:
        """Wait while the server opens its data, at most ``seconds``.

        Raises:
            UnavailableError: code ``starting``, or why it could not open.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            try:
                await self.collections()
                return
            except MunimentError as error:
                if error.code != "starting" or loop.time() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def readiness(self) -> Readiness:
        """Whether questions can be answered, with reasons when not."""
        response = await self._server.send("GET", "/v1/ready", accepted=(200, 503))
        return ReadinessWire.model_validate_json(response.content).domain()

    async def verify(
        self,
        collection: str,
        *,
        questions: Sequence[str] = (),
        staged: bool = False,
        setup_only: bool = False,
    ) -> Verification:
        """Try out a collection and what it rests on."""
        asked = VerifyRequest(questions=tuple(questions), staged=staged, setup_only=setup_only)
        response = await self._server.send(
            "POST", f"{collection_path(collection)}/verify", json=asked.model_dump()
        )
        return VerificationWire.model_validate_json(response.content).domain()

    async def collections(self) -> tuple[CollectionStatus, ...]:
        """Every collection, by name."""
        found = await self._server.get("/v1/collections", CollectionList)
        return tuple(collection.domain() for collection in found.collections)

    async def collection(self, name: str) -> CollectionStatus:
        """One collection."""
        return (await self._server.get(collection_path(name), CollectionWire)).domain()

    async def documents(
        self, collection: str, *, state: DocumentState | None = None, limit: int = 100, after: str = ""
    ) -> tuple[Document, ...]:
        """Documents by name, from behind the name ``after``."""
        parameters: dict[str, str | int] = {"limit": limit, "after": after}
        if state is not None:
            parameters["state"] = state.value
        found = await self._server.get(f"{collection_path(collection)}/documents", DocumentList, parameters)
        return tuple(document.domain() for document in found.documents)

    async def document(self, collection: str, document_id: str) -> Document:
        """One document."""
        return (await self._server.get(document_path(collection, document_id), DocumentWire)).domain()

    async def search(
        self,
        collection: str,
        query: str,
        *,
        mode: SearchMode = SearchMode.HYBRID,
        limit: int = 10,
        filter: Filter | None = None,
    ) -> SearchResult:
        """The passages that fit best."""
        asked = SearchRequest(
            query=query, collection=collection, mode=mode, limit=limit, filter=filter_to_wire(filter)
        )
        response = await self._server.send("POST", "/v1/search", json=asked.model_dump(mode="json"))
        return SearchResultWire.model_validate_json(response.content).domain()

    async def answer(
        self,
        collection: str,
        question: str,
        *,
        generator: str | None = None,
        top_k: int | None = None,
        filter: Filter | None = None,
    ) -> AsyncIterator[AnswerEvent]:
        """The answer in the making."""
        asked = AnswerRequest(
            question=question,
            collection=collection,
            generator=generator,
            top_k=top_k,
            filter=filter_to_wire(filter),
            stream=True,
        )
        async for name, data in self._server.events("/v1/answers", asked):
            if name == "retrieved":
                found = RetrievedWire.model_validate_json(data)
                yield Retrieved(tuple(passage.domain() for passage in found.passages))
            elif name == "delta":
                yield Delta(DeltaWire.model_validate_json(data).text)
            elif name == "answer":
                yield Finished(AnswerWire.model_validate_json(data).domain())
                return
        raise broken_off(self.url)

    async def ingest(
        self,
        collection: str,
        *,
        trigger: str,
        retry_failed: bool = False,
        rebuild: bool = False,
        allow_empty: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Bring the collection up to its sources."""
        asked = RunRequest(
            retry_failed=retry_failed,
            rebuild=rebuild,
            allow_empty=allow_empty,
            stream=True,
            trigger=trigger,
        )
        async for event in self._run_events(f"{collection_path(collection)}/runs", asked):
            yield event

    async def apply(
        self,
        collection: str,
        *,
        trigger: str,
        plan: str | Path | None = None,
        shard: Shard | None = None,
        retry_failed: bool = False,
        allow_empty: bool = False,
    ) -> AsyncIterator[RunEvent]:
        """Carry out a plan that the server keeps; a file only names it."""
        plan_id = (await asyncio.to_thread(PlanFile(plan).plan)).id if isinstance(plan, Path) else plan
        asked = ApplyRequest(
            plan=plan_id,
            shard=str(shard) if shard else None,
            retry_failed=retry_failed,
            allow_empty=allow_empty,
            stream=True,
            trigger=trigger,
        )
        async for event in self._run_events(f"{collection_path(collection)}/apply", asked):
            yield event

    async def generations(self, collection: str) -> tuple[GenerationStatus, ...]:
        """The collection's generations by number."""
        found = await self._server.get(f"{collection_path(collection)}/generations", GenerationList)
        return tuple(one.domain() for one in found.generations)

    def stage(self, collection: str, *, shard: Shard | None = None) -> AsyncIterator[RunEvent]:
        """Build a generation as the settings ask, or a part of it."""
        asked = StageRequest(stream=True, shard=str(shard) if shard else None)
        return self._run_events(f"{collection_path(collection)}/stage", asked)

    def promote(self, collection: str, *, despite_gate: str = "") -> AsyncIterator[RunEvent]:
        """Make the staged generation the live one."""
        return self._run_events(
            f"{collection_path(collection)}/promote", PromoteRequest(stream=True, despite_gate=despite_gate)
        )

    def rollback(self, collection: str) -> AsyncIterator[RunEvent]:
        """Make the previous generation the live one again."""
        return self._run_events(f"{collection_path(collection)}/rollback", GenerationRequest(stream=True))

    async def discard(self, collection: str) -> GenerationStatus:
        """Remove the staged generation."""
        response = await self._server.send("DELETE", f"{collection_path(collection)}/generations/staged")
        return GenerationWire.model_validate_json(response.content).domain()

    async def _run_events(self, path: str, asked: BaseModel) -> AsyncIterator[RunEvent]:
        async for name, data in self._server.events(path, asked):
            if name == "document":
                yield DocumentFinishedWire.model_validate_json(data).domain()
            elif name in ("progress", "finished"):
                yield RunProgressWire.model_validate_json(data).domain()
            if name == "finished":
                return
        raise broken_off(self.url)

    async def plan(
        self, collection: str, *, retry_failed: bool = False, share: bool = False, allow_empty: bool = False
    ) -> Plan:
        """What there is to do."""
        asked = PlanRequest(retry_failed=retry_failed, share=share, allow_empty=allow_empty)
        response = await self._server.send(
            "POST", f"{collection_path(collection)}/plan", json=asked.model_dump()
        )
        return PlanWire.model_validate_json(response.content).domain()

    async def plan_changes(self, plan_id: str, *, limit: int = 1000, after: str = "") -> tuple[Change, ...]:
        """The plan's changes, from behind ``after``."""
        path = f"/v1/plans/{quote(plan_id, safe='')}/changes"
        found = await self._server.get(path, ChangeList, {"limit": limit, "after": after})
        return tuple(change.domain() for change in found.changes)

    async def plan_shards(self, plan_id: str, shards: int) -> tuple[ShardPart, ...]:
        """How the plan is divided."""
        path = f"/v1/plans/{quote(plan_id, safe='')}/shards"
        found = await self._server.get(path, ShardList, {"shards": shards})
        return tuple(part.domain() for part in found.shards)

    async def run(self, run_id: str) -> Run:
        """One run."""
        return (await self._server.get(f"/v1/runs/{quote(run_id, safe='')}", RunWire)).domain()

    async def run_documents(
        self, run_id: str, *, fate: Fate | None = None, limit: int = 100, after: str = ""
    ) -> tuple[RunDocument, ...]:
        """What became of each document of a run."""
        parameters: dict[str, str | int] = {"limit": limit, "after": after}
        if fate is not None:
            parameters["fate"] = fate.value
        path = f"/v1/runs/{quote(run_id, safe='')}/documents"
        found = await self._server.get(path, RunDocumentList, parameters)
        return tuple(document.domain() for document in found.documents)

    async def runs(self, collection: str | None = None, *, limit: int = 20) -> tuple[Run, ...]:
        """Runs, newest first."""
        parameters: dict[str, str | int] = {"limit": limit}
        if collection is not None:
            parameters["collection"] = collection
        found = await self._server.get("/v1/runs", RunList, parameters)
        return tuple(run.domain() for run in found.runs)

    async def upload(
        self, collection: str, name: str, file: Path, metadata: dict[str, MetadataValue]
    ) -> Document:
        """Send the file, have it ingested and return its document."""
        path = f"{collection_path(collection)}/documents"
        content = await asyncio.to_thread(file.read_bytes)
        response = await self._server.send(
            "POST", path, files={"file": (name, content)}, data={"metadata": json.dumps(metadata)}
        )
        return UploadResult.model_validate_json(response.content).documents[0].domain()

    async def delete_document(self, collection: str, document_id: str) -> Document:
        """Remove an uploaded document."""
        response = await self._server.send("DELETE", document_path(collection, document_id))
        return DocumentWire.model_validate_json(response.content).domain()

    async def parsed(self, collection: str, document_id: str) -> ParsedDocument:
        """A document as parsed."""
        return (
            await self._server.get(f"{document_path(collection, document_id)}/text", ParsedDocumentWire)
        ).domain()

    async def raw_file(self, collection: str, document_id: str) -> Path:
        """The document's original bytes, in a file that lives as long as this object."""
        response = await self._server.send("GET", f"{document_path(collection, document_id)}/file")
        if self._folder is None:
            self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="muniment-"))
        path = self._folder / quote(document_id, safe="")
        await asyncio.to_thread(path.write_bytes, response.content)
        return path

    async def page_image(
        self,
        collection: str,
        document_id: str,
        page: int,
        *,
        ranges: tuple[tuple[int, int], ...],
        scale: float,
    ) -> bytes:
        """PNG of a page with the boxes of the given character ranges marked."""
        if page < 1:
            raise NotFoundError(f"There is no page {page}.", code="unknown_page", hint="Pages count from 1.")
        parameters: dict[str, list[str] | float] = {
            "range": [f"{start}-{end}" for start, end in ranges],
            "scale": scale,
        }
        path = f"{document_path(collection, document_id)}/pages/{page}.png"
        return (await self._server.send("GET", path, params=parameters)).content

    async def keep_report(self, collection: str, report: EvaluationReport) -> None:
        """Send the report of an evaluation."""
        content = await asyncio.to_thread(report_to_json, report)
        headers = {"Content-Type": "application/json"}
        path = f"{collection_path(collection)}/quality"
        await self._server.send("PUT", path, content=content, headers=headers)

    async def quality(self, collection: str) -> EvaluationReport:
        """The newest report of an evaluation."""
        found = await self._server.get(f"{collection_path(collection)}/quality", EvaluationReportWire)
        return found.domain()

    async def aclose(self) -> None:
        """Close the connections; the server runs on."""
        await self._server.aclose()
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
