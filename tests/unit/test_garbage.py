"""Garbage collection removes what nothing refers to, and never anything else."""

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from muniment.catalog import Catalog
from muniment.catalog.doubts import DoubtfulContent
from muniment.cli.main import app
from muniment.errors import ConflictError
from muniment.ingest.garbage import GRACE_S, PLAN_S, Collected, collect_garbage
from muniment.ingest.kept_files import KeptFiles
from muniment.protocols import ParsedFile, StoredFile
from muniment.providers.fake_file_store import FakeFileStore
from muniment.providers.folder_file_store import FolderFileStore
from muniment.types import Document, DocumentState, ParsedDocument, UploadedFile

PARSERS = ("parser 1", "parser 2")
OLD_S = GRACE_S + 60


class AgingStore(FakeFileStore):
    """A store in which time passes when the test says so."""

    def age(self, seconds: float) -> None:
        self._files = {key: (data, at - seconds) for key, (data, at) in self._files.items()}

    @property
    def keys(self) -> set[str]:
        return set(self._files)


def hash_of(content: int) -> str:
    return sha256(b"%d" % content).hexdigest()


def parsed(content: int) -> ParsedFile:
    document = ParsedDocument(hash_of(content), title="", text="", blocks=(), pages=(), parser="")
    return ParsedFile(document, b"{}")


def document(uri: str, content: int, parser: str) -> Document:
    return Document(
        collection="docs",
        uri=uri,
        name=uri,
        document_id=f"doc_{content}",
        content_hash=hash_of(content),
        version="1",
        size=1,
        state=DocumentState.DONE,
        parser=parser,
    )


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    made = Catalog.open(f"sqlite:///{tmp_path_factory.mktemp('catalog') / 'catalog.db'}")
    yield made
    made.close()


@pytest.fixture
def catalog(opened: Catalog) -> Catalog:
    emptied(opened)
    return opened


def emptied(catalog: Catalog) -> None:
    catalog.remove_collection("docs")
    for file in catalog.files.list():
        catalog.files.remove(file.id)


CONTENTS = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("keep raw"), CONTENTS, st.just("")),
    st.tuples(st.just("keep parsed"), CONTENTS, st.sampled_from(PARSERS)),
    st.tuples(st.just("refer"), CONTENTS, st.sampled_from(PARSERS)),
    st.tuples(st.just("forget"), CONTENTS, st.sampled_from(PARSERS)),
    st.tuples(st.just("upload"), CONTENTS, st.just("")),
    st.tuples(st.just("remove upload"), CONTENTS, st.just("")),
    st.tuples(st.just("reuse"), CONTENTS, st.sampled_from(PARSERS)),
    st.tuples(st.just("time passes"), st.just(0), st.just("")),
    st.tuples(st.just("collect"), st.just(0), st.just("")),
)


class World:
    """Kept files, a catalog, and what they must hold, written down apart from both."""

    def __init__(self, catalog: Catalog) -> None:
        emptied(catalog)
        self.store = AgingStore()
        self.kept = KeptFiles(self.store)
        self.catalog = catalog
        self.raw: dict[int, bool] = {}
        """Contents kept raw, and whether they are young."""
        self.parsed: dict[tuple[int, str], bool] = {}
        self.referred: set[tuple[int, str]] = set()
        self.uploaded: set[int] = set()

    async def take(self, step: str, content: int, parser: str) -> None:
        key = (content, parser)
        if step == "keep raw":
            await self.kept.save_raw(hash_of(content), b"x")
            self.raw[content] = True
        elif step == "keep parsed":
            await self.kept.save_parsed(parser, parsed(content))
            self.parsed[key] = True
        elif step == "reuse":
            found = await self.kept.reuse_parsed(hash_of(content), parser)
            assert (found is not None) == (key in self.parsed)
            if found is not None:
                self.parsed[key] = True
        elif step == "time passes":
            self.store.age(OLD_S)
            self.raw = dict.fromkeys(self.raw, False)
            self.parsed = dict.fromkeys(self.parsed, False)
        elif step == "collect":
            await self.collect()
        else:
            self.change_catalog(step, content, parser)

    def change_catalog(self, step: str, content: int, parser: str) -> None:
        uri, key = f"file:///{content}-{parser}", (content, parser)
        if step == "refer":
            self.catalog.save_document(document(uri, content, parser))
            self.referred.add(key)
        elif step == "forget":
            with self.catalog.database.transaction() as connection:
                self.catalog.remove_in(connection, "docs", uri, 1)
            self.referred.discard(key)
        elif step == "upload" and content not in self.uploaded:
            file = UploadedFile(f"file-{content}", "a.txt", "assistants", 1, 0, hash_of(content))
            self.catalog.files.save(file)
            self.uploaded.add(content)
        elif step == "remove upload":
            self.catalog.files.remove(f"file-{content}")
            self.uploaded.discard(content)

    async def collect(self) -> None:
        try:
            await collect_garbage(self.store, self.catalog)
        except ConflictError as error:
            assert error.code == "nothing_referenced"
            assert not self.referred and not self.uploaded and (self.raw or self.parsed)
            return
        held = {content for content, _ in self.referred} | self.uploaded
        self.raw = {one: young for one, young in self.raw.items() if young or one in held}
        self.parsed = {
            key: young
            for key, young in self.parsed.items()
            if young or key in self.referred or key[0] in self.uploaded
        }

    async def check(self) -> None:
        """Everything that should be there is, and nothing else."""
        for content in range(4):
            raw = f"raw/{hash_of(content)[:2]}/{hash_of(content)}"
            assert await self.store.exists(raw) == (content in self.raw)
            for parser in PARSERS:
                is_there = await self.kept.load_parsed(hash_of(content), parser) is not None
                assert is_there == ((content, parser) in self.parsed)
        assert len(self.store.keys) == len(self.raw) + 2 * len(self.parsed)


@given(st.lists(STEPS, max_size=30))
def test_whatever_happens_nothing_referenced_or_young_goes_and_all_else_does(
    opened: Catalog, steps: list[tuple[str, int, str]]
) -> None:
    async def play() -> None:
        world = World(opened)
        for step in steps:
            await world.take(*step)
            await world.check()
        await world.take("time passes", 0, "")
        await world.take("collect", 0, "")
        await world.check()

    asyncio.run(play())


async def test_a_dry_run_counts_and_removes_nothing(catalog: Catalog) -> None:
    store = AgingStore()
    kept = KeptFiles(store)
    await kept.save_raw(hash_of(1), b"four")
    await kept.save_raw(hash_of(2), b"four")
    await store.put("raw/notes.txt", b"not ours")
    store.age(OLD_S)
    await kept.save_raw(hash_of(3), b"four")
    catalog.save_document(document("file:///1", 1, PARSERS[0]))
    before = store.keys
    found = await collect_garbage(store, catalog, dry_run=True)
    assert store.keys == before
    assert found == Collected(referenced=1, young=1, unknown=1, removed=1, removed_bytes=4, kept_bytes=8)
    assert await collect_garbage(store, catalog) == found
    assert await collect_garbage(store, catalog) == replace(found, removed=0, removed_bytes=0)


async def test_files_that_are_not_ours_stay_however_old(catalog: Catalog) -> None:
    store = AgingStore()
    for key in ("raw/notes.txt", "parsed/ab/abc.json", "elsewhere/a", f"raw/{hash_of(1)}"):
        await store.put(key, b"x")
    store.age(100 * OLD_S)
    catalog.save_document(document("file:///2", 2, PARSERS[0]))
    assert (await collect_garbage(store, catalog)).removed == 0
    assert len(store.keys) == 4


async def test_plans_that_workers_share_go_after_a_week(catalog: Catalog) -> None:
    store = AgingStore()
    kept = KeptFiles(store)
    catalog.save_document(document("file:///2", 2, PARSERS[0]))
    await kept.save_plan_piece("plan_0a", 0, b"four")
    store.age(PLAN_S - 60)
    await kept.save_plan_piece("plan_0b", 0, b"four")
    assert await collect_garbage(store, catalog) == Collected(young=2, kept_bytes=8)
    store.age(120)
    assert await collect_garbage(store, catalog, dry_run=True) == await collect_garbage(store, catalog)
    assert store.keys == {"plans/plan_0b/000000.z"}


async def test_a_catalog_that_knows_nothing_removes_nothing(catalog: Catalog) -> None:
    store = AgingStore()
    await KeptFiles(store).save_raw(hash_of(1), b"x")
    store.age(OLD_S)
    with pytest.raises(ConflictError) as caught:
        await collect_garbage(store, catalog)
    assert caught.value.code == "nothing_referenced"
    assert len(store.keys) == 1
    assert (await collect_garbage(store, catalog, dry_run=True)).removed == 1


class OvertakenStore(AgingStore):
    """A store in which a run takes up an old file just after the collector has listed it."""

    async def list(self, prefix: str = ""):  # type: ignore[no-untyped-def]
        listed: list[StoredFile] = [file async for file in super().list(prefix)]
        for file in listed:
            await self.touch(file.key)
        for file in listed:
            yield file


async def test_a_file_that_a_run_takes_up_meanwhile_stays(catalog: Catalog) -> None:
    store = OvertakenStore()
    await KeptFiles(store).save_raw(hash_of(1), b"x")
    store.age(OLD_S)
    catalog.save_document(document("file:///2", 2, PARSERS[0]))
    assert (await collect_garbage(store, catalog)).removed == 0
    assert len(store.keys) == 1


async def test_the_command_collects_in_the_folder_that_the_settings_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "muniment.yaml").write_text("data_dir: data\n")
    (tmp_path / "data").mkdir()
    kept = KeptFiles(FolderFileStore(tmp_path / "data" / "files"))
    for content in (1, 2):
        await kept.save_raw(hash_of(content), b"x")
    files = sorted((tmp_path / "data" / "files").rglob("*/*/*"))
    for file in files:
        os.utime(file, (time.time() - OLD_S,) * 2)
    held = Catalog.open(f"sqlite:///{tmp_path / 'data' / 'catalog.db'}")
    held.save_document(document("file:///1", 1, PARSERS[0]))
    held.close()
    dry = await asyncio.to_thread(CliRunner().invoke, app, ["gc", "--dry-run"])
    assert "Would remove 1 file" in dry.stdout
    assert all(file.exists() for file in files)
    done = await asyncio.to_thread(CliRunner().invoke, app, ["gc"])
    assert (done.exit_code, "Removed 1 file" in done.stdout) == (0, True)
    assert [file.name for file in files if file.exists()] == [hash_of(1)]


async def test_what_a_run_is_at_stays_however_far_the_clock_is_set_forwards(tmp_path: Path) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    catalog.save_document(document("other", 1, PARSERS[0]))
    store = AgingStore()
    kept = KeptFiles(store)
    catalog.doubts.note("docs", 1, DoubtfulContent("doc_2", hash_of(2), PARSERS[0]))
    await kept.save_parsed(PARSERS[0], parsed(2))
    await kept.save_raw(hash_of(2), b"two")
    await kept.save_raw(hash_of(3), b"three")
    store.age(OLD_S)
    assert (await collect_garbage(store, catalog)).removed == 1
    assert len(store.keys) == 3
    catalog.doubts.strike("docs", 1, "doc_2")
    assert (await collect_garbage(store, catalog)).removed == 3
    catalog.close()


async def test_what_is_referred_to_is_counted_as_that_however_young(catalog: Catalog) -> None:
    store = AgingStore()
    kept = KeptFiles(store)
    for content in (1, 2, 3):
        await kept.save_raw(hash_of(content), b"four")
        catalog.save_document(document(f"file:///{content}", content, PARSERS[0]))
    await kept.save_raw(hash_of(0), b"four")
    found = await collect_garbage(store, catalog, dry_run=True)
    assert found == Collected(referenced=3, young=1, kept_bytes=16)
