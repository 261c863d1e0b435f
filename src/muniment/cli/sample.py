"""The sample corpus that the package brings along, and the questions the demo asks it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from muniment.api.wire import AnswerWire, RunWire
from muniment.api.wire.base import Wire
from muniment.errors import StorageError

COLLECTION = "acme"
SETTINGS_FILE = "muniment.yaml"
ASKED = ("acme-014", "acme-035", "acme-057", "acme-074", "acme-075", "acme-083", "acme-116")
"""Of a PDF's table, a PDF in two columns, a scanned letter, slides, a sheet, a web page; of nothing."""

SETTINGS = f"""\
# Written by `muniment demo`.
data_dir: data
collections:
  {COLLECTION}:
    description: Acme Corporate, an invented company
    sources: documents
"""


@dataclass(frozen=True, slots=True)
class SampleQuestion:
    """A question to the sample corpus, with what its authors expect."""

    id: str
    question: str
    expected: str


class DemoReport(Wire):
    """What the demo did."""

    run: RunWire
    answers: tuple[AnswerWire, ...]


def prepare(folder: Path) -> Path:
    """Put settings, documents and questions into ``folder``, where they are missing; the settings file.

    Raises:
        StorageError: code ``file_unwritable``.
    """
    file = folder / SETTINGS_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with as_file(files("muniment.sample") / "acme_corporate") as sample:
            shutil.copytree(sample / "corpus", folder / "documents", dirs_exist_ok=True)
            shutil.copy(sample / "questions.jsonl", folder)
        if not file.exists():
            file.write_text(SETTINGS, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"The demo's files cannot be written to {folder}: {error.strerror}.",
            code="file_unwritable",
            hint="Name another folder with --dir.",
        ) from error
    return file


def sample_questions(wanted: Sequence[str] = ASKED) -> list[SampleQuestion]:
    """The questions of the given ids, in their order."""
    text = (files("muniment.sample") / "acme_corporate" / "questions.jsonl").read_text(encoding="utf-8")
    found = {row["id"]: row for row in map(json.loads, text.splitlines())}
    return [_question(found[name]) for name in wanted]


def _question(row: dict[str, object]) -> SampleQuestion:
    expected = "nothing; the documents do not say" if row["unanswerable"] else str(row["answer"])
    return SampleQuestion(str(row["id"]), str(row["question"]), expected)
