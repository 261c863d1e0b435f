from collections.abc import Iterator
from dataclasses import replace

import pytest

from muniment.catalog import Catalog, CollectionRecord
from muniment.types import CreatedCollection, Document, DocumentState, GivenChunk, Mending, Run, RunState


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


def test_survives_being_opened_again(catalog_uri: str) -> None:
    record = CollectionRecord("docs", "muniment_docs", 384, "model", "print", "spec")
    first = Catalog.open(catalog_uri)
    first.save_collection(record)
    first.close()
    again = Catalog.open(catalog_uri)
    assert again.collection("docs") == record
    assert again.collection("other") is None
    again.close()


def test_runs_left_running_are_marked_interrupted(catalog: Catalog) -> None:
    run = Run("run_1", "docs", "cli", RunState.RUNNING, "2025-01-01T00:00:00Z")
    catalog.save_run(run)
    catalog.save_run(replace(run, id="run_2", state=RunState.DONE, started_at="2025-01-02T00:00:00Z"))
    assert catalog.interrupt_running() == 1
    assert [(run.id, run.state) for run in catalog.runs("docs")] == [
        ("run_2", RunState.DONE),
        ("run_1", RunState.INTERRUPTED),
    ]


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
    assert stores.find("a") == stores.known("a") == created("a")

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
    assert catalog.stores.find("a") == catalog.stores.known("a") == newer
