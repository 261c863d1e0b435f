"""Leases and plans' order on both databases: one holder at a time, by the database's clock."""

import asyncio
from collections.abc import Iterator

import pytest

from muniment.catalog import Catalog
from muniment.catalog.doubts import DoubtfulContent
from muniment.types import Document, DocumentState


@pytest.fixture
def catalog(catalog_uri: str) -> Iterator[Catalog]:
    opened = Catalog.open(catalog_uri)
    yield opened
    opened.close()


def test_a_lease_has_one_holder_and_can_be_given_back(catalog: Catalog) -> None:
    leases = catalog.leases
    assert leases.take(["a", "b"], "one", 60) == {"a", "b"}
    assert leases.take(["b", "c"], "two", 60) == {"c"}
    assert leases.take(["a"], "one", 60) == {"a"}
    leases.release("two", ["b"])
    assert leases.take(["b"], "two", 60) == set()
    leases.release("one", ["b"])
    assert leases.take(["b"], "two", 60) == {"b"}
    leases.release("one")
    assert leases.take(["a"], "two", 60) == {"a"}


def test_a_lease_that_ended_can_be_taken_and_then_its_holder_may_write_nothing(catalog: Catalog) -> None:
    leases = catalog.leases
    leases.take(["a"], "one", -1)
    with catalog.database.transaction() as connection:
        assert leases.held_in(connection, "one", ["a", "b"]) == {"a"}
    assert leases.take(["a"], "two", 60) == {"a"}
    with catalog.database.transaction() as connection:
        assert leases.held_in(connection, "one", ["a"]) == set()
    leases.renew("one", 60)
    assert leases.take(["a"], "two", 60) == {"a"}


def test_a_renewed_lease_does_not_end(catalog: Catalog) -> None:
    catalog.leases.take(["a"], "one", -1)
    catalog.leases.renew("one", 60)
    assert catalog.leases.take(["a"], "two", 60) == set()


def test_a_content_is_noted_as_doubtful_once(catalog: Catalog) -> None:
    content = DoubtfulContent("doc_1", "0" * 64, "parser-1")
    assert not catalog.doubts.note("docs", 1, content)
    assert catalog.doubts.note("docs", 1, content)
    assert list(catalog.doubts.all("docs", 1)) == [content]
    assert list(catalog.doubts.all("docs", 2)) == []
    catalog.doubts.strike("docs", 1, "doc_1")
    assert not catalog.doubts.note("docs", 1, content)


async def test_of_many_who_want_the_same_at_once_each_key_goes_to_one(catalog: Catalog) -> None:
    keys = [f"key-{number}" for number in range(8)]
    taken = await asyncio.gather(
        *(
            asyncio.to_thread(catalog.leases.take, keys[::step], f"owner-{number}-{step}", 60)
            for number in range(4)
            for step in (1, -1)
        )
    )
    assert sorted(key for part in taken for key in part) == keys


def test_documents_come_in_the_order_of_code_points(catalog: Catalog) -> None:
    uris = ["file:///B", "file:///a", "file:///a b", "file:///ab", "file:///Ä", "file:///~", "file:///_"]
    for uri in uris:
        catalog.save_document(
            Document(
                "order", uri, uri, f"doc_{uris.index(uri)}", "0", "1", 1, DocumentState.DONE, generation=1
            )
        )
    assert [known.uri for known in catalog.known.by_uri("order", 1)] == sorted(uris)
