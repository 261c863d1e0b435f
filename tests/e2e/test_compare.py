"""Two configurations compared on the same questions, apart from the data they serve."""

import json
from pathlib import Path

import pytest

from muniment.evaluation.stored import read_report
from warm_process import muniment

pytestmark = pytest.mark.timeout(300)

SETTINGS = """\
data_dir: data-{name}
collections:
  docs: {{sources: docs, embedding_model: {model}, top_k: {top_k}}}
parser: {{provider: fake}}
vector_store: {{provider: milvus, fusion: zscore}}
embedding_models: {{good: {{provider: fake, dimension: 256}}, bad: {{provider: fake, dimension: 2}}}}
"""
COLOURS = ("red", "green", "blue", "white", "black", "grey")
MAKERS = ("Toro", "Belane", "Kanius", "Mirara", "Salok")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    rows = []
    for number, name in enumerate(f"{colour} {maker}" for colour in COLOURS for maker in MAKERS):
        text = f"The machine {name} takes {number + 5} litres of oil, filled in by hand."
        (tmp_path / "docs" / f"sheet-{number}.txt").write_text(text)
        question = f"How many litres of oil does the machine {name} take?"
        rows.append({"id": name, "question": question, "documents": [f"sheet-{number}.txt"]})
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name, model, top_k in (("a", "good", 8), ("b", "bad", 8), ("c", "good", 3)):
        (tmp_path / f"{name}.yaml").write_text(SETTINGS.format(name=name, model=model, top_k=top_k))
    return tmp_path


def test_a_worse_model_is_told_from_a_better(folder: Path) -> None:
    compared = ("compare", "a.yaml", "b.yaml", "--questions", "questions.jsonl", "--search-only")
    done = muniment(folder, *compared, "-o", "b.json", "-o", "b.html")
    assert done.returncode == 0, done.stderr
    assert "Significantly worse:" in done.stdout
    report = read_report(folder / "b.json")
    assert report.comparison is not None
    assert report.comparison.shared == 30
    assert "recall_at_1" in {one.name for one in report.comparison.worse}
    assert (folder / "b.html").read_text(encoding="utf-8").startswith("<!")
    # What is served is not touched, and each content is parsed once for both.
    assert sorted(path.name for path in (folder / "data-a").iterdir()) == ["compare"]
    assert not (folder / "data-b").exists()
    indexes = [path for path in (folder / "data-a" / "compare").iterdir() if path.name != "files"]
    assert len(indexes) == 2
    again = muniment(folder, *compared, "--json")
    assert [m["value"] for m in json.loads(again.stdout)["metrics"][:3]] == [
        metric.value for metric in report.metrics[:3]
    ]


@pytest.mark.slow
def test_configurations_that_index_alike_share_the_index(folder: Path) -> None:
    done = muniment(folder, "compare", "a.yaml", "c.yaml", "--questions", "questions.jsonl", "-o", "c.json")
    assert done.returncode == 0, done.stderr
    comparison = read_report(folder / "c.json").comparison
    assert comparison is not None
    assert {one.difference for one in comparison.differences if one.name.startswith("recall")} == {0.0}
    indexes = [path for path in (folder / "data-a" / "compare").iterdir() if path.name != "files"]
    assert len(indexes) == 1


def test_a_collection_must_be_in_both(folder: Path) -> None:
    (folder / "d.yaml").write_text("data_dir: d\ncollections: {other: {sources: docs}}\n")
    done = muniment(folder, "compare", "a.yaml", "d.yaml", "--questions", "questions.jsonl")
    assert done.returncode == 2
    assert "collection_required" in done.stderr
