"""Odd names, links that lead elsewhere, documents that reach out: nothing leaves folder or machine."""

from pathlib import Path

import pytest
from ingested_state import kept_in
from installation import Installation
from network_watch import reached, watched_environment
from odd_names import write_links, write_odd_names
from reaching_files import SECRET, listener, write_reaching_files
from workspaces import TEXTS

from muniment.errors import NotFoundError
from muniment.providers.folder_source import FolderSource, FolderSourceOptions

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file beside the source folder."""
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


def everything_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_files_with_odd_names_are_all_read_and_links_lead_nowhere(tmp_path: Path, secret: Path) -> None:
    installation = Installation(tmp_path)
    expected = write_odd_names(installation.docs)
    write_links(installation.docs, secret)
    before = everything_in(installation.docs)
    run = installation.run("ingest", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.json()["runs"][0]["done"] == expected
    again = installation.run("apply", "--json")
    assert again.json()["runs"][0]["unchanged"] == expected
    texts = [text for _, text in installation.chunks()]
    assert len(texts) == expected
    assert not any(SECRET in text or "root:" in text for text in texts)
    assert everything_in(installation.docs) == before
    assert {path.name for path in tmp_path.iterdir()} == {"data", "docs", "muniment.yaml", "secret.txt"}
    for path in list(installation.docs.iterdir()):
        if not path.is_dir() or path.is_symlink():
            path.unlink()
    assert installation.run("apply", "--json").json()["runs"][0]["removed"] == expected - 1
    assert len(installation.chunks()) == 1


async def test_a_file_that_becomes_a_link_after_it_was_listed_is_not_followed(
    tmp_path: Path, docs: Path, secret: Path
) -> None:
    """As somebody would do it who may write into the folder, and wants to read what he may not."""
    target = tmp_path / "fetched"
    source = FolderSource(FolderSourceOptions(path=docs))
    listed = {file.name: file async for file in source.list()}
    (docs / "pumps.txt").unlink()
    (docs / "pumps.txt").symlink_to(secret)
    (docs / "leave.txt").unlink()
    (docs / "leave.txt").symlink_to(docs / "travel.txt")
    with pytest.raises(NotFoundError) as refused:
        await source.fetch(listed["pumps.txt"], target)
    assert refused.value.code == "source_file_gone"
    assert not target.exists()
    await source.fetch(listed["leave.txt"], target)
    assert target.read_text() == TEXTS["travel.txt"]


def test_documents_reach_neither_servers_nor_files_elsewhere(tmp_path: Path, secret: Path) -> None:
    installation = Installation(tmp_path)
    installation.configure(parser={"provider": "docling", "workers": 1})
    watched = watched_environment(tmp_path)
    with listener() as (url, asked):
        names = write_reaching_files(installation.docs, url, secret)
        run = installation.run("ingest", "--json", environment=watched)
        assert run.code in (0, 3), run.err
        assert installation.run("ingest", environment=watched).code == 0
    [counts] = run.json()["runs"]
    assert counts["done"] + counts["skipped"] + counts["failed"] == len(names)
    assert counts["done"] >= len(names) - 2, installation.status()["problems"]
    assert asked == []
    assert reached(tmp_path) == []
    assert not any(SECRET in text for _, text in installation.chunks())
    kept = installation.data / "files"
    assert all(SECRET.encode() not in (kept / key).read_bytes() for key in kept_in(kept))
    assert all(problem["error_code"] and problem["hint"] for problem in installation.status()["problems"])
    assert not list((tmp_path / "home").iterdir())
