"""Rows that belong to nothing go, but never those that another worker is just writing or relies on."""

from dataclasses import replace
from pathlib import Path

from workspaces import Open, found, ingest, row_ids

from muniment.catalog.doubts import DoubtfulContent
from muniment.collections.local import LocalWorkspace
from muniment.collections.orphans import remove_orphans
from muniment.ingest.claims import Claims
from muniment.ingest.plan import IngestPlan, repair_of
from muniment.ingest.run import settling_of
from muniment.types import Chunk, ChunkRow, Document, Run

IN_FLIGHT = DoubtfulContent("doc_in_flight", "f" * 64, "fake-1")


async def write_row(workspace: LocalWorkspace) -> int:
    """A row of a document that the catalog does not have."""
    runtime = workspace._parts.runtime("docs")
    [vector] = await runtime.embedder.embed_texts(["In flight."])
    chunk = Chunk(0, "In flight.", "", (), (), 2)
    await runtime.open_index().upsert([ChunkRow(4711, IN_FLIGHT.document_id, chunk, vector, {})])
    return 4711


async def test_rows_that_belong_to_nothing_go_when_a_collection_is_opened(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        await write_row(workspace)
    async with open_docs() as workspace:
        assert await row_ids(workspace) == before
        [mending] = (await workspace.collection("docs")).mended
        assert (mending.found, mending.did) == ("1 chunks belonged to no document", "removed 1 chunks")


async def test_rows_that_another_worker_is_writing_stay(open_docs: Open) -> None:
    """Its run has begun before the last one that ended well."""
    async with open_docs() as workspace:
        await ingest(workspace)
        before = await row_ids(workspace)
        workspace._parts.catalog.doubts.note("docs", 1, IN_FLIGHT)
        row = await write_row(workspace)
    async with open_docs() as workspace:
        assert await row_ids(workspace) == before | {row}
        assert (await workspace.collection("docs")).mended == ()
        await ingest(workspace)
        assert await row_ids(workspace) == before


async def test_rows_of_a_content_that_another_has_claimed_stay(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        row = await write_row(workspace)
        runtime = workspace._parts.runtime("docs")
        claims = Claims(workspace._parts.catalog, "docs", 1, "another", 60)
        async with claims.kept_alive():
            assert await claims.take(*claims.content(IN_FLIGHT.document_id, ""))
            await remove_orphans(runtime, workspace._parts.catalog, runtime.open_index(), {row})
            assert row in await row_ids(workspace)
        await remove_orphans(runtime, workspace._parts.catalog, runtime.open_index(), {row})
        assert row not in await row_ids(workspace)


async def test_what_was_settled_since_the_index_was_read_is_not_left_over(open_docs: Open) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        catalog, runtime = workspace._parts.catalog, workspace._parts.runtime("docs")
        rows = await row_ids(workspace)
        assert await remove_orphans(runtime, catalog, runtime.open_index(), rows) == set()
        assert await row_ids(workspace) == rows


async def test_chunks_of_a_document_that_is_removed_meanwhile_are_not_made_again(
    open_docs: Open, docs: Path
) -> None:
    async with open_docs() as workspace:
        await ingest(workspace)
        [gone] = [one for one in workspace._parts.catalog.documents("docs") if one.name == "pumps.txt"]
        (docs / "pumps.txt").unlink()
        await ingest(workspace)
        assert await workspace._ingestion.repair(
            workspace._parts.runtime("docs"), IngestPlan((repair_of(gone),))
        )
        run: Run = workspace._parts.catalog.runs.list("docs", 1)[0]
        assert (run.trigger, run.done, run.failed) == ("repair", 0, 0)
        assert "pumps.txt" not in await found(workspace, "E-417")


async def test_a_document_forgotten_while_its_content_is_cleaned_leaves_no_rows(
    open_docs: Open, docs: Path
) -> None:
    """The other worker finds the content claimed, and leaves it to the one that cleans."""
    (docs / "copy.txt").write_text((docs / "pumps.txt").read_text())
    async with open_docs() as workspace:
        await ingest(workspace)
        catalog, runtime = workspace._parts.catalog, workspace._parts.runtime("docs")
        [pumps, copy] = [one for one in catalog.documents("docs") if one.name in ("copy.txt", "pumps.txt")]
        index = runtime.open_index()

        class Forgetful:
            """The index, in which both names of the content are forgotten while it is looked at."""

            async def ids(self, document_id: str | None = None) -> set[int]:
                found = await index.ids(document_id)
                for document in (pumps, copy):
                    if catalog.document_at("docs", document.uri) is not None:
                        content = DoubtfulContent(
                            document.document_id, document.content_hash, document.parser
                        )
                        with catalog.database.transaction() as connection:
                            catalog.remove_in(connection, "docs", document.uri, 1)
                        catalog.doubts.note("docs", 1, content)
                return found

            async def delete(self, ids: list[int]) -> None:
                await index.delete(ids)

        tools = replace(workspace._parts.tools(runtime), index=Forgetful())  # type: ignore[arg-type]
        claims = Claims(catalog, "docs", 1, "test", 60)
        async with claims.kept_alive():
            settling = settling_of(tools, "docs", "test", claims, runtime.flip, _ignored)
            await settling.clean(DoubtfulContent(pumps.document_id, pumps.content_hash, pumps.parser))
        assert await index.ids(pumps.document_id) == set()
        assert list(catalog.doubts.all("docs", 1)) == []


async def _ignored(document: Document) -> None:
    """Nobody is told."""
