from pathlib import Path

import pytest

from muniment.errors import UnavailableError
from muniment.providers.folder_source import FolderSource, FolderSourceOptions
from muniment.testing.source import SourceContract


class TestFolderSource(SourceContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "docs"
        (folder / "sub").mkdir(parents=True)
        (folder / "a.txt").write_bytes(b"alpha")
        (folder / "sub" / "ü.txt").write_bytes(b"beta")
        return folder

    @pytest.fixture
    def source(self, folder: Path) -> FolderSource:
        return FolderSource(FolderSourceOptions(path=folder))

    async def test_hidden_files_and_office_locks_do_not_count(
        self, folder: Path, source: FolderSource
    ) -> None:
        (folder / ".DS_Store").write_bytes(b"x")
        (folder / "~$a.docx").write_bytes(b"x")
        (folder / ".git").mkdir()
        (folder / ".git" / "config").write_bytes(b"x")
        assert [file.name async for file in source.list()] == ["a.txt", "sub/ü.txt"]

    async def test_globs_choose(self, folder: Path) -> None:
        (folder / "b.md").write_bytes(b"x")
        source = FolderSource(FolderSourceOptions(path=folder, include=("*.txt",), exclude=("sub/*",)))
        assert [file.name async for file in source.list()] == ["a.txt"]

    async def test_links_that_lead_out_are_left_out(
        self, folder: Path, tmp_path: Path, source: FolderSource
    ) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_bytes(b"secret")
        (folder / "link.txt").symlink_to(secret)
        assert [file.name async for file in source.list()] == ["a.txt", "sub/ü.txt"]

    async def test_a_missing_folder_is_an_error_and_not_an_empty_one(self, tmp_path: Path) -> None:
        source = FolderSource(FolderSourceOptions(path=tmp_path / "nowhere"))
        with pytest.raises(UnavailableError) as caught:
            _ = [file async for file in source.list()]
        assert caught.value.code == "source_unavailable"

    async def test_a_single_file_is_a_source_too(self, folder: Path, tmp_path: Path) -> None:
        source = FolderSource(FolderSourceOptions(path=folder / "a.txt"))
        files = [file async for file in source.list()]
        assert [file.name for file in files] == ["a.txt"]
        await source.fetch(files[0], tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == b"alpha"
