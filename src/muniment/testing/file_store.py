"""What every FileStore must do."""

import time

import pytest

from muniment.errors import NotFoundError
from muniment.protocols import FileStore

_CLOCKS_APART_S = 600.0
"""A store's clock may be another machine's."""


class FileStoreContract:
    """Inherit it and give a fixture ``store``: an empty file store."""

    async def test_gives_back_what_was_put(self, store: FileStore) -> None:
        """Any bytes, also none."""
        for data in (b"", b"text", bytes(range(256)) * 1000):
            await store.put("parsed/ab/abc.json", data)
            assert await store.get("parsed/ab/abc.json") == data

    async def test_says_when_a_key_is_not_there(self, store: FileStore) -> None:
        """With a code that callers can rely on."""
        assert not await store.exists("raw/none")
        with pytest.raises(NotFoundError) as caught:
            await store.get("raw/none")
        assert caught.value.code == "file_not_stored"

    async def test_forgets_what_is_deleted(self, store: FileStore) -> None:
        """And does not mind deleting twice."""
        await store.put("raw/a", b"1")
        await store.delete("raw/a")
        await store.delete("raw/a")
        assert not await store.exists("raw/a")

    async def test_lists_by_prefix(self, store: FileStore) -> None:
        """Only keys that start with it."""
        for key in ("raw/a", "raw/b", "parsed/a"):
            await store.put(key, b"x")
        assert sorted([file.key async for file in store.list("raw/")]) == ["raw/a", "raw/b"]
        assert len([file async for file in store.list("")]) == 3

    async def test_knows_size_and_age(self, store: FileStore) -> None:
        """In bytes, and in seconds since 1970; touching makes a file young again."""
        before = time.time()
        await store.put("raw/a", b"123")
        (listed,) = [file async for file in store.list()]
        assert listed.size == 3
        assert abs(listed.modified_at - before) < _CLOCKS_APART_S
        assert await store.touch("raw/a")
        (touched,) = [file async for file in store.list()]
        assert (touched.key, touched.size) == ("raw/a", 3)
        assert touched.modified_at >= listed.modified_at
        assert await store.get("raw/a") == b"123"

    async def test_touching_makes_nothing(self, store: FileStore) -> None:
        """It says that there is no such file."""
        assert not await store.touch("raw/none")
        assert [file async for file in store.list()] == []
