"""A workspace in this process over a folder of three texts; only parser and model are fakes."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from muniment.collections.local import LocalWorkspace
from muniment.collections.runtime import CollectionRuntime
from muniment.protocols import Chunker
from muniment.types import Run, RunProgress, RunState

TEXTS = {
    "leave.txt": "Employees receive 28 days of paid leave a year. Unused days expire at the end of March.",
    "travel.txt": "The daily allowance for travel at home is 32 euros. Trains are preferred to flights.",
    "pumps.txt": "The controller shows code E-417 when the pump runs dry. Switch it off and open the valve.",
}


Open = Callable[..., AbstractAsyncContextManager[LocalWorkspace]]


async def ingest(workspace: LocalWorkspace, **options: bool) -> Run:
    """Run to the end; the finished run."""
    last = [event async for event in workspace.ingest("docs", trigger="test", **options)][-1]
    assert isinstance(last, RunProgress)
    assert last.run.state is not RunState.RUNNING
    return last.run


async def found(workspace: LocalWorkspace, query: str) -> list[str]:
    """Names of the documents found, best first."""
    result = await workspace.search("docs", query, limit=5)
    return [passage.document_name for passage in result.passages]


async def row_ids(workspace: LocalWorkspace) -> set[int]:
    return await workspace._parts.runtime("docs").open_index().ids()


def use_chunker(runtime: CollectionRuntime, chunker: Chunker) -> None:
    """Cut documents by this chunker, whatever the settings say."""
    runtime.wanted = replace(runtime.wanted, chunker_of=lambda _: chunker)
    runtime.recipe = replace(runtime.recipe, chunker_of=lambda _: chunker)
