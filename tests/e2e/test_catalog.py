from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random
from urllib.parse import quote

import pytest

from muniment.catalog import Catalog
from muniment.catalog.revisions import Revisions
from muniment.types import (
    CreatedCollection,
    Document,
    DocumentOrigin,
    DocumentState,
    Generation,
    GenerationState,
    GivenChunk,
    Mending,
    Run,
    RunState,
    file_id_of,
)


@pytest.fixture
def catalog(catalog_uri: str) -> Iterator[Catalog]:
    opened = Catalog.open(catalog_uri)
    yield opened
    opened.close()


def document(name: str, **changes: object) -> Document:
    made = Document(
        collection="docs",
        uri=f"file:///{name}",
        name=name,
        document_id=f"doc_{name}",
        content_hash=name * 4,
        version="1",
        size=10,
        state=DocumentState.DONE,
        pages=2,
        chunks=3,
        metadata={"department": "hr", "year": 2025},
        notes=("page 1 was read by OCR",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_gives_documents_back_as_they_were_saved(catalog: Catalog) -> None:
    catalog.save_document(document("a"))
    [found] = catalog.documents("docs")
    assert replace(found, updated_at="") == document("a")
    assert found.updated_at.endswith("Z")


@pytest.mark.parametrize(
    "alphabet", [range(0x4E00, 0x9FFF), range(0x80, 0x800), range(0x20000, 0x2A6D0), range(0x21, 0x3000)]
)
def test_holds_the_longest_keys_that_a_bucket_may_have(catalog: Catalog, alphabet: range) -> None:
    """PostgreSQL indexes up to 2,704 bytes, and compresses what is longer: these keys hardly repeat."""
    chance = Random(1)
    for number in range(5):
        key = "".join(map(chr, chance.choices(alphabet, k=1024))).encode()[:1024].decode(errors="ignore")
        long = document(key, uri=f"s3://{'b' * 63}/{quote(key)}", size=5 << 40)
        long = replace(long, document_id=f"doc_{number}", content_hash="abc")
        catalog.save_document(long)
        kept = catalog.document_at("docs", long.uri)
        assert kept is not None and replace(kept, updated_at="") == long
        lease = f"doc:docs:1:{long.uri}"
        assert catalog.leases.take([lease], "worker", 60.0) == {lease}
    assert len(catalog.documents("docs")) == 5


def test_saving_again_replaces(catalog: Catalog) -> None:
    catalog.save_document(document("a"))
    catalog.save_document(document("a", version="2", chunks=5))
    [found] = catalog.documents("docs")
    assert (found.version, found.chunks) == ("2", 5)


def test_pages_through_documents_by_name(catalog: Catalog) -> None:
    for name in "cab":
        catalog.save_document(document(name))
    first = catalog.documents("docs", limit=2)
    assert [found.name for found in first] == ["a", "b"]
    assert [found.name for found in catalog.documents("docs", limit=2, after="b")] == ["c"]


def test_totals_count_shared_content_once(catalog: Catalog) -> None:
    catalog.save_document(document("a", document_id="same"))
    catalog.save_document(document("b", document_id="same"))
    catalog.save_document(document("c", state=DocumentState.FAILED, document_id="", chunks=0, pages=0))
    totals = catalog.totals("docs")
    assert (totals.documents, totals.failed, totals.pages, totals.chunks) == (3, 1, 4, 3)


def generation(number: int, state: GenerationState, **changes: object) -> Generation:
    made = Generation(
        "docs", number, state, f"index_{number}", 384, "model", "print", "spec", "parser-1", {"a": 1}
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def states(catalog: Catalog) -> dict[int, str]:
    return {one.number: one.state.value for one in catalog.generations.list("docs")}


def test_survives_being_opened_again(catalog: Catalog, catalog_uri: str) -> None:
    saved = catalog.generations.save(generation(1, GenerationState.LIVE))
    again = Catalog.open(catalog_uri)
    assert again.generations.live("docs") == saved
    assert saved.created_at == saved.promoted_at != ""
    assert again.generations.live("other") is None
    again.close()


def test_a_promotion_makes_the_live_generation_the_previous_and_retires_the_one_before(
    catalog: Catalog,
) -> None:
    catalog.generations.save(generation(1, GenerationState.LIVE))
    for number in (2, 3):
        catalog.generations.save(generation(number, GenerationState.STAGED))
        assert catalog.generations.promote("docs", number)
    assert states(catalog) == {1: "retired", 2: "previous", 3: "live"}
    assert catalog.generations.promote("docs", 2)
    assert states(catalog) == {1: "retired", 2: "live", 3: "previous"}


def test_documents_are_those_of_the_live_generation_unless_another_is_named(catalog: Catalog) -> None:
    catalog.generations.save(generation(1, GenerationState.LIVE))
    catalog.generations.save(generation(2, GenerationState.STAGED))
    catalog.save_document(document("a"))
    catalog.save_document(document("a", generation=2, chunks=9))
    catalog.save_document(document("b", generation=2))
    assert [one.name for one in catalog.documents("docs")] == ["a"]
    assert [one.name for one in catalog.documents("docs", generation=2)] == ["a", "b"]
    assert catalog.totals("docs").chunks == 3
    catalog.generations.promote("docs", 2)
    assert [one.chunks for one in catalog.documents("docs")] == [9, 3]
    found = catalog.document_of_file(file_id_of("docs", "file:///a"))
    assert found is not None
    assert found.generation == 2
    catalog.generations.remove("docs", 1)
    assert catalog.documents("docs", generation=1) == ()


@pytest.mark.parametrize("generation_with_more", [1, 2])
def test_no_generation_is_promoted_that_has_other_uploads(
    catalog: Catalog, generation_with_more: int
) -> None:
    catalog.generations.save(generation(1, GenerationState.LIVE))
    catalog.generations.save(generation(2, GenerationState.STAGED))
    upload = document("a", origin=DocumentOrigin.UPLOAD)
    catalog.save_document(replace(upload, generation=generation_with_more))
    assert not catalog.generations.promote("docs", 2)
    assert states(catalog) == {1: "live", 2: "staged"}
    catalog.save_document(replace(upload, generation=3 - generation_with_more))
    assert catalog.generations.promote("docs", 2)


def test_the_live_generation_cannot_be_retired(catalog: Catalog) -> None:
    catalog.generations.save(generation(1, GenerationState.LIVE))
    catalog.generations.retire("docs", 1)
    assert states(catalog) == {1: "live"}


def test_runs_whose_process_died_are_marked_interrupted(catalog: Catalog) -> None:
    run = Run("run_1", "docs", "cli", RunState.RUNNING, "2025-01-01T00:00:00Z")
    catalog.runs.save(run)
    catalog.runs.save(replace(run, id="run_2", state=RunState.DONE, started_at="2025-01-02T00:00:00Z"))
    catalog.runs.save(replace(run, id="run_3", started_at="2025-01-03T00:00:00Z"))
    catalog.runs.save(replace(run, id="run_4", started_at="2025-01-04T00:00:00Z"))
    catalog.leases.take(["run:run_3"], "run_3", 60.0)
    catalog.leases.take(["run:run_4"], "run_4", -1.0)
    assert catalog.runs.interrupt_dead() == 2
    assert [(run.id, run.state) for run in catalog.runs.list("docs")] == [
        ("run_4", RunState.INTERRUPTED),
        ("run_3", RunState.RUNNING),
        ("run_2", RunState.DONE),
        ("run_1", RunState.INTERRUPTED),
    ]


def test_servers_that_begin_a_collection_together_all_can(catalog: Catalog) -> None:
    def begin(number: int) -> None:
        live = generation(1, GenerationState.LIVE, collection=f"docs{number % 5}")
        catalog.generations.save(live)
        with catalog.database.transaction() as connection:
            revisions.grow(connection, live.collection)

    revisions = Revisions(catalog.database)
    with ThreadPoolExecutor(8) as servers:
        list(servers.map(begin, range(40)))
    assert [len(catalog.generations.list(f"docs{number}")) for number in range(5)] == [1] * 5
    grown = [revisions.get(f"docs{number}") for number in range(5)]
    assert grown == [8 if catalog.database.shared else 0] * 5


def test_remembers_what_was_mended(catalog: Catalog) -> None:
    first = Mending("2025-01-01T00:00:00Z", "docs", "the index was missing", "made it again")
    second = replace(first, at="2025-01-02T00:00:00Z")
    catalog.save_mending(first)
    catalog.save_mending(second)
    assert catalog.mendings("docs") == (second, first)
    assert catalog.mendings("other") == ()


def test_gives_back_any_number_of_given_chunks_as_they_were_sent(catalog: Catalog) -> None:
    chunks = [
        GivenChunk(f"c{n}", f"text {n}", "d", {"n": n}, {"source": "s"}, (0.5, float(n)) if n % 2 else None)
        for n in range(1100)
    ]
    catalog.given.save("docs", chunks)
    catalog.given.save("others", chunks[:1])
    by_row = {chunk.row_id: chunk for chunk in chunks}
    for count in (0, 1, 2, 3, 5, 499, 500, 501, 1024, 1100):
        part = dict(list(by_row.items())[:count])
        assert catalog.given.get("docs", [*part, 7]) == part
        bare = {row: replace(chunk, vector=None) for row, chunk in part.items()}
        assert catalog.given.get("docs", list(part), vectors=False) == bare
    assert set(catalog.given.get("others", list(by_row))) == {chunks[0].row_id}


def test_knows_the_collections_that_hold_something(catalog: Catalog) -> None:
    assert catalog.filled() == set()
    catalog.save_document(document("empty.txt", collection="failed", chunks=0))
    catalog.save_document(document("a.txt", collection="docs", chunks=3))
    catalog.given.save("given", [GivenChunk("c", "text", "", {}, {}, None)])
    assert catalog.filled() == {"docs", "given"}


def created(name: str, at: int = 1) -> CreatedCollection:
    return CreatedCollection(f"vs_{name}", f"vs_{name}", name, "fake", created_at=at, last_active_at=at)


def test_a_store_that_was_found_is_known_until_any_store_changes(catalog: Catalog) -> None:
    stores = catalog.stores
    stores.save(created("a"))
    assert stores.known("a") is None
    assert stores.find("a") == created("a")
    if catalog.database.shared:
        # Another server may change it, so it is read each time.
        assert stores.known("a") is None
        return
    assert stores.known("a") == created("a")

    stores.touch("vs_a", 5)
    assert stores.known("a") is None
    found = stores.find("a")
    assert found is not None
    assert found.last_active_at == 5

    stores.save(created("b"))
    assert stores.known("a") is None
    stores.find("a")
    stores.remove("vs_a")
    assert stores.known("a") is stores.find("a") is None


def test_a_name_leads_to_the_newest_store_even_when_an_older_one_was_found(catalog: Catalog) -> None:
    older, newer = created("a"), replace(created("a", at=2), id="vs_2", collection="vs_2")
    catalog.stores.save(older)
    assert catalog.stores.find("a") == older
    catalog.stores.save(newer)
    assert catalog.stores.find("a") == newer
    assert catalog.stores.known("a") == (None if catalog.database.shared else newer)


def test_workers_that_begin_a_generation_at_once_begin_the_same(catalog: Catalog) -> None:
    catalog.generations.save(generation(1, GenerationState.LIVE))

    def begin(_: int) -> Generation:
        return catalog.generations.begin("docs", lambda number: generation(number, GenerationState.STAGED))

    with ThreadPoolExecutor(8) as workers:
        begun = set(workers.map(lambda n: begin(n).number, range(24)))
    assert begun == {2}
    assert [one.number for one in catalog.generations.list("docs")] == [1, 2]
    catalog.generations.retire("docs", 2)
    assert begin(0).number == 3
