"""Plain text is read without Docling, into the very bytes that Docling would have made of it."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment.providers.docling.plain import document_of_text
from muniment.providers.docling.plain_text import read_plain
from muniment.providers.docling.view import view

PARTS = [
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\f",
    "\x0b",
    "\x00",
    "\x01",
    "\x1f",
    "\x7f",
    '"',
    "\\",
    "/",
    "\u2028",
]
TEXTS = st.lists(
    st.sampled_from([*PARTS, "Oil.", "- a", "# b", "é", "\ufeff", "\U0001f600"]), max_size=30
).map("".join)


@given(
    text=TEXTS | st.text(st.characters(exclude_categories=["Cs"])), name=st.sampled_from(["", "a b", 'é"'])
)
def test_it_is_what_docling_makes_of_it(text: str, name: str) -> None:
    expected = document_of_text(text, name)
    read = read_plain(text, name, content_hash="0" * 64, parser="test", notes=["Noted."])
    assert read.document == view(expected, content_hash="0" * 64, parser="test", notes=["Noted."])
    assert read.full == expected.model_dump_json(exclude_none=True).encode()


@pytest.mark.parametrize(("name", "wanted"), [("a.txt", False), ("a.md", True)])
def test_docling_is_imported_for_what_needs_it(tmp_path, name: str, wanted: bool) -> None:
    path = tmp_path / name
    path.write_text("Oil the pump.\n\nThen start it.")
    code = (
        "import sys; from pathlib import Path; from muniment.providers.docling import reading;"
        "from muniment.providers.docling.jobs import Job, Limits;"
        "limits = Limits(2**20, 2**20, 9, 9, 2**30, 1, False);"
        f"read = reading.parse(Job(Path({str(path)!r}), {name!r}, '0' * 64), limits, 'test');"
        "print(len(read.document.blocks), 'docling_core' in sys.modules, reading.loaded())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["2", str(wanted), str(wanted)]
