import errno
import os
import shutil
from pathlib import Path

import pytest

from muniment.errors import InputError, UnavailableError
from muniment.protocols import ScopedSource
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

    async def test_identity_and_version_are_those_of_earlier_listings(
        self, folder: Path, source: FolderSource
    ) -> None:
        odd = folder / "sub" / "100% ~odd #?;.txt"
        odd.write_bytes(b"x")
        files = {file.name: file for file in [file async for file in source.list()]}
        for name, file in files.items():
            path = folder / name
            assert file.uri == path.as_uri()
            assert file.version == f"{path.stat().st_size}-{path.stat().st_mtime_ns}"

    async def test_dots_in_the_path_make_no_other_documents(self, folder: Path, tmp_path: Path) -> None:
        """However the folder is written, its files have one identity."""
        plain = [file.uri async for file in FolderSource(FolderSourceOptions(path=folder)).list()]
        (tmp_path / "settings").mkdir()
        for written in ("settings/../docs", "docs/sub/..", "docs/./.", "settings/../settings/../docs/sub/.."):
            source = FolderSource(FolderSourceOptions(path=tmp_path / written))
            files = [file async for file in source.list()]
            assert [file.uri for file in files] == plain
            await source.fetch(files[1], tmp_path / "got")
            assert (tmp_path / "got").read_bytes() == b"beta"
        single = FolderSource(FolderSourceOptions(path=tmp_path / "settings/../docs/a.txt"))
        assert [file.uri async for file in single.list()] == plain[:1]

    async def test_dots_behind_a_link_lead_where_the_system_says(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "link").symlink_to(folder / "sub")
        source = FolderSource(FolderSourceOptions(path=tmp_path / "elsewhere" / "link" / ".."))
        assert await anext(file.uri async for file in source.list()) == (folder / "a.txt").resolve().as_uri()

    async def test_a_folder_behind_a_link_keeps_its_name_when_the_link_is_set_anew(
        self, folder: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(folder, tmp_path / "release-2")
        current = tmp_path / "current"
        current.symlink_to(folder)
        source = FolderSource(FolderSourceOptions(path=current))
        before = [file.uri async for file in source.list()]
        assert before[0] == f"{current.as_uri()}/a.txt"
        current.unlink()
        current.symlink_to(tmp_path / "release-2")
        assert [file.uri async for file in source.list()] == before

    async def test_what_muniment_writes_is_left_out_and_said_once(
        self, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        own = (folder / "data", folder / "sub" / "kept", folder / "catalog.db")
        for path in (own[0] / "files" / "raw.txt", own[1] / "raw.txt", own[2]):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"mine")
        (tmp_path / "data").symlink_to(own[0])
        source = FolderSource(
            FolderSourceOptions(path=folder), (tmp_path / "data", *own[1:], tmp_path / "no")
        )
        for _ in range(2):
            assert [file.name async for file in source.list()] == ["a.txt", "sub/ü.txt"]
        assert [record.getMessage() for record in caplog.records] == [
            f"Left out of the source folder {folder}, as Muniment's own: catalog.db, data, sub/kept."
        ]

    async def test_it_knows_its_own_files(self, folder: Path, source: FolderSource) -> None:
        for file in [file async for file in source.list()]:
            assert source.holds(file.uri)
        assert not source.holds(folder.with_name("docs2").joinpath("a.txt").as_uri())
        assert isinstance(source, ScopedSource)

    async def test_a_name_that_is_not_utf_8_can_be_listed_and_read(
        self, folder: Path, source: FolderSource, tmp_path: Path
    ) -> None:
        name = os.fsdecode(b"latin-\xe9.txt")
        try:
            (folder / name).write_bytes(b"latin")
        except OSError:
            pytest.skip("this file system takes UTF-8 alone")
        (file,) = [file async for file in source.list() if file.name.startswith("latin")]
        assert file.name == "latin-?.txt"
        await source.fetch(file, tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == b"latin"

    async def test_a_folder_that_may_not_be_read_is_an_error_and_not_an_empty_one(
        self, folder: Path, source: FolderSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed = str(folder.resolve() / "sub")
        scan = os.scandir

        def refusing(path: Path) -> object:
            # The superuser, as whom tests may run, is let in everywhere.
            if str(path) == closed:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), closed)
            return scan(path)

        monkeypatch.setattr(os, "scandir", refusing)
        with pytest.raises(UnavailableError) as caught:
            _ = [file async for file in source.list()]
        assert caught.value.code == "source_unavailable"
        assert closed in caught.value.message
        spared = FolderSource(FolderSourceOptions(path=folder, exclude=("sub/*",)))
        assert [file.name async for file in spared.list()] == ["a.txt"]


class TestIgnoreFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "docs"
        for path in (
            "a.txt",
            "a.tmp",
            "drafts/b.txt",
            "keep/drafts/c.txt",
            "keep/d.tmp",
            "logs/e.txt",
            "logs/f.txt",
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(b"x")
        return folder

    @staticmethod
    async def names(folder: Path, **options: object) -> list[str]:
        source = FolderSource(FolderSourceOptions.model_validate({"path": folder, **options}))
        return [file.name async for file in source.list()]

    async def test_leave_out_what_they_list_in_the_syntax_of_gitignore(self, folder: Path) -> None:
        (folder / ".munimentignore").write_text(
            "# drafts at the top alone\n/drafts/\n*.tmp\nlogs/*\n!logs/f.txt\n"
        )
        assert await self.names(folder) == ["a.txt", "keep/drafts/c.txt", "logs/f.txt"]

    async def test_hold_for_their_folder_and_the_nearest_decides(self, folder: Path) -> None:
        (folder / ".munimentignore").write_text("*.tmp\n")
        (folder / "keep" / ".munimentignore").write_text("!d.tmp\n/drafts\n")
        assert set(await self.names(folder)) == {
            "a.txt",
            "drafts/b.txt",
            "keep/d.tmp",
            "logs/e.txt",
            "logs/f.txt",
        }

    async def test_work_together_with_globs(self, folder: Path) -> None:
        (folder / ".munimentignore").write_text("drafts/\n")
        assert await self.names(folder, include=["*.txt"], exclude=["logs/*"]) == ["a.txt"]

    async def test_that_cannot_be_read_stop_the_listing(self, folder: Path) -> None:
        (folder / ".munimentignore").write_bytes(b"\xff\xfe")
        with pytest.raises(InputError) as caught:
            await self.names(folder)
        assert caught.value.code == "ignore_file_invalid"
        assert caught.value.hint
