import errno
import os
from pathlib import Path

import pytest

from muniment.errors import InputError, StorageError
from muniment.providers.fake_file_store import FakeFileStore
from muniment.providers.folder_file_store import FolderFileStore
from muniment.testing.file_store import FileStoreContract


class TestFakeFileStore(FileStoreContract):
    @pytest.fixture
    def store(self) -> FakeFileStore:
        return FakeFileStore()


class TestFolderFileStore(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FolderFileStore:
        return FolderFileStore(tmp_path / "files")

    @pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../b", ""])
    async def test_keys_cannot_leave_the_folder(self, store: FolderFileStore, key: str) -> None:
        with pytest.raises(InputError) as caught:
            await store.put(key, b"x")
        assert caught.value.code == "unsafe_name"

    async def test_a_full_disk_leaves_the_old_bytes_and_no_rest(
        self, store: FolderFileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await store.put("raw/a", b"old")

        def no_space(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", no_space)
        with pytest.raises(StorageError) as caught:
            await store.put("raw/a", b"new")
        assert caught.value.code == "disk_full"
        assert await store.get("raw/a") == b"old"
        assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == ["a"]

    async def test_what_a_killed_process_left_half_written_is_swept(
        self, store: FolderFileStore, tmp_path: Path
    ) -> None:
        await store.put("raw/a", b"kept")
        left, fresh = (tmp_path / "files" / ".parts" / name for name in ("left", "fresh"))
        left.write_bytes(b"half")
        fresh.write_bytes(b"half")
        os.utime(left, (0, 0))
        store.sweep()
        assert not left.exists() and fresh.exists()
        assert [key async for key in store.keys("raw/")] == ["raw/a"]
