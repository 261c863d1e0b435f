"""What a document is: its bytes, and what of its name decides how they are read. Nothing of its history."""

from pathlib import Path

import numpy as np
import pytest
from ingest_world import World
from numpy.typing import NDArray

from muniment.catalog.doubts import DoubtfulContent
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.plan import Work
from muniment.ingest.reader import Reader
from muniment.protocols import ParsedFile
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.providers.fake_file_store import FakeFileStore
from muniment.types import (
    Block,
    BlockKind,
    ChangeKind,
    Page,
    ParsedDocument,
    RunState,
    Span,
    document_id,
    form_of,
    parser_of,
    reading,
)

TABLE = b"# Prices, 2026\n\nOil,5\nGrease,7"
NOTE = b"The rate is two percent."


class CountingEmbedder(FakeEmbedder):
    """Counts the texts it was given."""

    def __init__(self) -> None:
        super().__init__("fake", FakeEmbedderOptions(dimension=8))
        self.texts: list[str] = []

    async def embed_texts(self, texts: list[str], *, urgent: bool = False) -> NDArray[np.float32]:  # type: ignore[override]
        self.texts += texts
        return await super().embed_texts(texts, urgent=urgent)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "world")
    made.embedder = CountingEmbedder()
    return made


async def is_clean(world: World) -> None:
    clean = World(world.folder.with_name("clean"), world.files)
    assert (await clean.apply()).state is RunState.DONE
    assert await world.rows() == await clean.rows()
    assert world.documents() == clean.documents()
    assert world.kept_parsed() == clean.kept_parsed()
    clean.close()


def counted(world: World) -> tuple[int, int]:
    """Files parsed and texts embedded since this was asked last."""
    assert isinstance(world.embedder, CountingEmbedder)
    found = len(world.parser.parsed), len(world.embedder.texts)
    world.parser.parsed.clear()
    world.embedder.texts.clear()
    return found


@pytest.mark.parametrize(("before", "after"), [("p.txt", "p.csv"), ("p.csv", "p.md"), ("p.md", "sub/q.txt")])
async def test_a_file_renamed_to_another_format_is_read_as_that(
    world: World, before: str, after: str
) -> None:
    world.files.write(before, TABLE)
    await world.apply()
    world.files.rename(before, after)
    assert (await world.apply()).done == 1
    await is_clean(world)
    world.files.rename(after, before)
    await world.apply()
    await is_clean(world)


async def test_the_same_bytes_under_names_of_two_formats_are_two_documents(world: World) -> None:
    world.files.write("b.txt", TABLE)
    world.files.write("prices.csv", TABLE)
    world.files.write("copy.csv", TABLE)
    await world.apply()
    ids = {one.name: one.document_id for one in world.catalog.documents("docs")}
    assert ids["prices.csv"] == ids["copy.csv"] != ids["b.txt"]
    texts = {(document, text) for _, document, _, text in await world.rows()}
    assert any(" | " in text for document, text in texts if document == ids["copy.csv"])
    assert not any(" | " in text for document, text in texts if document == ids["b.txt"])
    await is_clean(world)
    world.files.remove("prices.csv")
    world.files.remove("b.txt")
    await world.apply()
    await is_clean(world)


async def test_the_same_content_under_two_names_is_embedded_once_and_called_by_both(world: World) -> None:
    world.files.write("policy_2023.txt", NOTE)
    await world.apply()
    assert counted(world) == (1, 1)
    world.files.copy("policy_2023.txt", "old/rates.txt")
    await world.apply()
    assert counted(world) == (0, 0)
    first, second = world.catalog.documents("docs")
    assert first.document_id == second.document_id
    assert [first.title, second.title] == ["rates", "policy_2023"]
    await is_clean(world)


async def test_a_plain_move_costs_no_parse_and_leaves_nothing_of_the_old_name(world: World) -> None:
    world.files.write("policy_2023.txt", NOTE)
    await world.apply()
    counted(world)
    world.files.rename("policy_2023.txt", "policy_2025.txt")
    _, changes = await world.plan()
    assert [change.kind for change in changes] == [ChangeKind.MOVE]
    await world.apply()
    assert counted(world) == (0, 0)
    assert not any("2023" in f"{context}{text}" for _, _, context, text in await world.rows())
    assert [one.title for one in world.catalog.documents("docs")] == ["policy_2025"]
    await is_clean(world)


async def test_a_title_of_its_own_stays_with_the_content(world: World) -> None:
    world.files.write("a.md", TABLE)
    await world.apply()
    world.files.rename("a.md", "b.md")
    await world.apply()
    assert [one.title for one in world.catalog.documents("docs")] == ["Prices, 2026"]
    assert {context for _, _, context, _ in await world.rows()} == {"Prices, 2026"}


@pytest.fixture
async def older(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """As it was filled before forms were kept: content and parser alone made the document."""

    def formless(reader: Reader, work: Work, content_hash: str) -> DoubtfulContent:
        return DoubtfulContent(document_id(content_hash, work.salt), content_hash, reader.parser.version)

    world.files.write("a.txt", NOTE)
    world.files.write("b.md", TABLE)
    with monkeypatch.context() as patch:
        patch.setattr(Reader, "_content", formless)
        await world.apply()
    assert {one.parser for one in world.catalog.documents("docs")} == {"fake-1"}
    counted(world)
    return world


async def test_what_was_kept_before_stays_as_long_as_nothing_changes(older: World) -> None:
    plan, _ = await older.plan()
    assert plan.empty
    rows = await older.rows()
    older.files.rename("a.txt", "moved/a.txt")
    older.files.write("b.md", TABLE)
    await older.apply()
    assert counted(older) == (0, 0)
    assert await older.rows() == rows


async def test_what_was_kept_before_is_read_anew_under_another_name(older: World) -> None:
    older.files.rename("a.txt", "c.txt")
    older.files.rename("b.md", "b.csv")
    await older.apply()
    assert counted(older)[0] == 2
    await is_clean(older)


async def test_a_copy_of_what_was_kept_before_is_complete_and_goes_again(older: World) -> None:
    older.files.copy("b.md", "copy.md")
    await older.apply()
    older.files.remove("b.md")
    older.files.remove("a.txt")
    await older.apply()
    await is_clean(older)


def parsed(*kinds: BlockKind, pages: int = 1, note: str = "") -> ParsedDocument:
    blocks = tuple(Block(kind, at, at + 1, (), 0, (Span(at, at + 1, 1),)) for at, kind in enumerate(kinds))
    drawn = tuple(Page(number, 595, 842) for number in range(1, pages + 1))
    return ParsedDocument("0" * 64, "Rules", "R" * len(kinds), blocks, drawn, "p-1", (note,) if note else ())


@pytest.mark.parametrize(
    ("document", "taken"),
    [
        (parsed(BlockKind.HEADING, BlockKind.TEXT), True),
        (parsed(BlockKind.TITLE), True),
        (parsed(BlockKind.HEADING, note="page 1 was read by OCR"), True),
        (parsed(BlockKind.TEXT), False),  # its title may be a name
        (parsed(BlockKind.HEADING, pages=0), False),  # its format may be that of a name
        (parsed(BlockKind.HEADING, note="The name ends in .txt, but the content is PDF."), False),
    ],
)
async def test_what_was_parsed_before_is_used_where_no_name_can_have_mattered(
    document: ParsedDocument, *, taken: bool
) -> None:
    kept = KeptFiles(FakeFileStore())
    await kept.save_parsed("p-1", ParsedFile(document, b"full"))
    found = await kept.adopt_parsed("0" * 64, "p-1", "p-1 as PDF")
    assert found == (document if taken else None)
    assert await kept.load_parsed("0" * 64, "p-1 as PDF") == found
    assert await kept.adopt_parsed("1" * 64, "p-1", "p-1 as PDF") is None


def test_a_reading_holds_parser_and_form() -> None:
    for version in ("docling-2/2.1/built-in/ocr", "read as is"):
        assert parser_of(reading(version, "plain text")) == version
        assert form_of(reading(version, "plain text")) == "plain text"
    assert (parser_of("fake-1"), form_of("fake-1")) == ("fake-1", "")
