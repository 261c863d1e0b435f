"""Where a file lies and what it is called: whatever it was before, the end is that of a clean ingestion."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from workspaces import TEXTS, Open, ingest, row_ids

from muniment.build import open_workspace
from muniment.catalog.doubts import DoubtfulContent
from muniment.collections.local import LocalWorkspace
from muniment.ingest.plan import Work
from muniment.ingest.reader import Reader
from muniment.providers.folder_source import FolderSource
from muniment.settings import load_settings
from muniment.types import ChangeKind, document_id

PRICES = "name,unit,price\nOil,l,5\nGrease,kg,7\n"
MARKUP = "= Pumps\n\n== Care\n\nOil them.\n\n# Not a heading of AsciiDoc\n\nGrease them.\n"


@asynccontextmanager
async def opened(folder: Path, **options: object) -> AsyncIterator[LocalWorkspace]:
    """A workspace that reads the folder ``docs`` beside ``folder`` with the real parser."""
    folder.mkdir(exist_ok=True)
    file = folder / "muniment.yaml"
    file.write_text(
        "collections: {docs: {sources: ../docs, embedding_model: small}}\n"
        "parser: {provider: docling, workers: 1}\n"
        "embedding_models: {small: {provider: fake, dimension: 16}}\n"
    )
    workspace = await open_workspace(load_settings(file, {}), serving=False)
    try:
        yield workspace
    finally:
        await workspace.aclose()


async def state(workspace: LocalWorkspace) -> list[object]:
    """All that a search could find, and every document with its title."""
    index = workspace._parts.runtime("docs").open_index()
    hits = await index.get(sorted(await index.ids()))
    documents = await workspace.documents("docs")
    rows = [(hit.id, hit.document_id, hit.chunk.context, hit.chunk.text) for hit in hits]
    return [rows, [(one.name, one.uri, one.document_id, one.title, one.parser) for one in documents]]


async def clean(folder: Path) -> list[object]:
    async with opened(folder) as workspace:
        await ingest(workspace)
        return await state(workspace)


def formless(reader: Reader, work: Work, content_hash: str) -> DoubtfulContent:
    """As documents were known before forms were kept."""
    return DoubtfulContent(document_id(content_hash, work.salt), content_hash, reader.parser.version)


async def test_files_renamed_and_copied_over_formats(docs: Path, tmp_path: Path) -> None:
    (docs / "prices.txt").write_text(PRICES)
    (docs / "pumps.adoc").write_text(MARKUP)
    (docs / "policy_2023.txt").write_text("The rate is two percent.")
    async with opened(tmp_path / "mine") as workspace:
        await ingest(workspace)
        (docs / "prices.txt").rename(docs / "prices.csv")
        (docs / "pumps.adoc").rename(docs / "pumps.md")
        (docs / "policy_2023.txt").rename(docs / "policy_2025.txt")
        (docs / "b.txt").write_text(PRICES)
        run = await ingest(workspace)
        assert (run.failed, run.error) == (0, "")
        mine = await state(workspace)
        assert "Oil | l | 5" in str(mine)
        assert "policy_2023" not in str(mine)
        assert mine == await clean(tmp_path / "other")


async def test_a_rebuild_reads_anew_what_was_read_under_another_name(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "prices.txt").write_text(PRICES)
    async with opened(tmp_path / "mine") as workspace:
        with monkeypatch.context() as patch:
            patch.setattr(Reader, "_content", formless)
            await ingest(workspace)
            (docs / "prices.txt").rename(docs / "prices.csv")
            await ingest(workspace)
        assert "Oil,l,5" in str(await state(workspace))
        told = {check.name: check for check in (await workspace.verify("docs")).checks}
        assert "4 contents were read before their format was kept" in told["counts"].detail
        (docs / "prices.txt").write_text(PRICES)
        with monkeypatch.context() as patch:
            patch.setattr(Reader, "_content", formless)
            await ingest(workspace)
        told = {check.name: check for check in (await workspace.verify("docs")).checks}
        assert not told["counts"].ok
        assert "prices.csv" in told["counts"].detail
        await ingest(workspace, rebuild=True)
        assert "Oil | l | 5" in str(await state(workspace))
        assert (await workspace.verify("docs")).ok
        assert await state(workspace) == await clean(tmp_path / "other")


async def test_uris_written_with_dots_are_taken_over_as_moves(
    open_docs: Open, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a catalog that was filled before: nothing is read twice, nothing is doubled, no chunk is made."""
    for number in range(5):
        (docs / f"same-{number}.txt").write_text(f"Texts of one size, number {number}.")
    (tmp_path / "settings").mkdir()
    written = tmp_path / "settings" / ".." / "docs"
    with monkeypatch.context() as patch:
        patch.setattr("muniment.providers.folder_source.source.without_parents", lambda path: path)
        patch.setattr(FolderSource, "holds", lambda source, uri: False)
        patch.setattr(Reader, "_content", formless)
        async with open_docs(sources=str(written)) as workspace:
            await ingest(workspace)
            assert all("/settings/../docs/" in one.uri for one in await workspace.documents("docs"))
            rows = await row_ids(workspace)
    async with open_docs(sources=str(written)) as workspace:
        plan = await workspace.plan("docs")
        assert [(one.kind, one.documents) for one in plan.kinds] == [(ChangeKind.MOVE, len(TEXTS) + 5)]
        for change in await workspace.plan_changes(plan.id):
            assert change.moved_from.endswith(f"/{change.name}")
        assert (await ingest(workspace)).done == len(TEXTS) + 5
        assert await row_ids(workspace) == rows
        assert [one.uri for one in await workspace.documents("docs")] == [
            path.as_uri() for path in sorted(docs.iterdir())
        ]
        assert (await workspace.plan("docs")).empty


async def test_a_source_that_holds_the_data_directory_comes_to_an_end(docs: Path, tmp_path: Path) -> None:
    """Whether it lies below the source or is the source itself."""
    for data_dir in ("data", "."):
        folder = tmp_path / f"all-{len(data_dir)}-{data_dir == '.'}"
        (folder / "texts").mkdir(parents=True)
        (folder / "texts" / "a.txt").write_text(TEXTS["leave.txt"])
        file = folder / "muniment.yaml"
        file.write_text(
            f"data_dir: {data_dir}\n"
            "collections: {docs: {sources: [{path: ., exclude: ['*.yaml']}], embedding_model: small}}\n"
            "parser: {provider: fake}\n"
            "file_store: {provider: folder, path: texts/kept}\n"
            "vector_store: {provider: milvus, uri: vectors/here.db}\n"
            "embedding_models: {small: {provider: fake, dimension: 16}}\n"
        )
        (folder / data_dir / "vectors").mkdir(parents=True, exist_ok=True)
        workspace = await open_workspace(load_settings(file, {}), serving=False)
        try:
            for _ in range(2):
                await ingest(workspace)
                plan = await workspace.plan("docs")
                assert plan.empty
                assert [one.name for one in await workspace.documents("docs")] == ["texts/a.txt"]
            plan = await workspace.plan("docs", retry_failed=True)
            events = [event async for event in workspace.apply("docs", trigger="test", plan=plan.id)]
            assert events
        finally:
            await workspace.aclose()
