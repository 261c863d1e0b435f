"""Globs mean what the documentation says, and skipping folders leaves no file out."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.globs import Selection


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("*.pdf", "a.pdf", True),
        ("*.pdf", "sub/deep/a.pdf", True),
        ("*.pdf", "a.PDF", False),
        ("sub/*", "sub/a.txt", True),
        ("sub/*", "sub/deep/a.txt", True),
        ("sub/*", "other/sub/a.txt", False),
        ("sub/*.txt", "sub/deep/a.txt", True),
        ("**/*.txt", "a.txt", True),
        ("**/*.txt", "sub/deep/a.txt", True),
        ("**/drafts/*", "drafts/a.txt", True),
        ("**/drafts/*", "x/y/drafts/a.txt", True),
        ("sub/**/a.txt", "sub/a.txt", True),
        ("sub/**/a.txt", "sub/x/y/a.txt", True),
        ("sub/**/a.txt", "subx/a.txt", False),
        ("sub", "sub/a.txt", False),
        ("report-?.txt", "report-1.txt", True),
        ("report-?.txt", "report-10.txt", False),
        ("[ab].txt", "sub/b.txt", True),
        ("[!ab].txt", "b.txt", False),
        ("ü*.txt", "sub/über.txt", True),
    ],
)
def test_a_glob_is_tried_on_the_path_and_on_the_name(glob: str, path: str, fits: bool) -> None:
    assert Selection([glob], []).counts(path) == fits
    assert Selection(["*"], [glob]).counts(path) != fits


@pytest.mark.parametrize("path", [".hidden", "sub/.hidden", "~$lock.docx", "sub/~$lock.docx", "sub/"])
def test_what_is_hidden_or_a_lock_never_counts(path: str) -> None:
    assert not Selection(["*", ".*", "~$*"], []).counts(path)


def test_what_lies_in_a_hidden_folder_is_not_reached() -> None:
    selection = Selection(["*"], [])
    assert not selection.enters(".git")
    assert not selection.enters("sub/.git")
    assert not selection.reaches("sub/.git/config")
    assert selection.reaches("sub/git/config")


PARTS = st.text("ab*?[]!.", min_size=1, max_size=4)
GLOBS = st.builds("/".join, st.lists(PARTS, min_size=1, max_size=3))
PATHS = st.builds("/".join, st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=4))


@given(st.lists(GLOBS, max_size=3), PATHS)
def test_a_folder_is_skipped_only_if_nothing_in_it_counts(globs: list[str], path: str) -> None:
    selection = Selection(["*"], globs)
    folders = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
    if not all(selection.enters(folder) for folder in folders):
        assert not selection.counts(path)


@given(st.lists(GLOBS, max_size=3), PATHS)
def test_without_two_stars_globs_are_those_of_fnmatch(globs: list[str], path: str) -> None:
    plain = [glob for glob in globs if "**/" not in glob]
    name = path.rpartition("/")[2]
    expected = any(fnmatchcase(path, glob) or fnmatchcase(name, glob) for glob in plain)
    assert Selection(plain, []).counts(path) == expected
