"""Questions drafted from a collection, accepted, and counted by an evaluation."""

import subprocess
import sys
from pathlib import Path

import pytest

from muniment.evaluation import read_questions
from warm_process import muniment

pytestmark = pytest.mark.timeout(300)

SETTINGS = """\
data_dir: data
collections: {docs: {sources: docs, embedding_model: small}}
parser: {provider: fake}
embedding_models: {small: {provider: fake, dimension: 64}}
generators: {echo: {provider: fake}}
"""
TEXTS = {
    "leave.txt": "Employees of the company receive 28 days of paid leave in every calendar year.",
    "pumps.txt": "The controller shows code E-417 on its display when the pump in the cellar runs dry.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "muniment.yaml").write_text(SETTINGS)
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text)
    assert muniment(tmp_path, "ingest", "--json").returncode == 0
    return tmp_path


def test_drafts_are_reviewed_and_then_counted(folder: Path) -> None:
    drafted = muniment(folder, "questions", "draft", "docs")
    assert "2 drafted questions added to questions.jsonl" in drafted.stdout, drafted.stderr
    again = muniment(folder, "questions", "draft", "docs")
    assert "0 drafted questions added" in again.stdout
    assert "rules find no further sentence" in " ".join(again.stdout.split())
    refused = muniment(folder, "evaluate", "--questions", "questions.jsonl")
    assert refused.returncode == 2
    assert "no_questions" in refused.stderr

    ids = {one.documents[0]: one.id for one in read_questions(folder / "questions.jsonl")}
    assert muniment(folder, "questions", "accept", "questions.jsonl", ids["leave.txt"]).returncode == 0
    evaluated = muniment(folder, "evaluate", "--questions", "questions.jsonl", "--search-only")
    assert evaluated.returncode == 0, evaluated.stderr
    assert "docs: 1 questions" in evaluated.stdout

    shown = subprocess.run(
        [sys.executable, "-m", "muniment", "questions", "review", "questions.jsonl"],
        cwd=folder, input="r\n", capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    assert "E-417" in shown.stdout
    assert [one.id for one in read_questions(folder / "questions.jsonl")] == [ids["leave.txt"]]


def test_a_generator_must_have_a_language_model_to_draft(folder: Path) -> None:
    done = muniment(folder, "questions", "draft", "docs", "--generator", "extractive")
    assert "no_language_model" in done.stderr
    # The shipped echo proves nothing, so nothing is drafted with it.
    echoed = muniment(folder, "questions", "draft", "docs", "--generator", "echo")
    assert "0 drafted questions added" in echoed.stdout, echoed.stderr
