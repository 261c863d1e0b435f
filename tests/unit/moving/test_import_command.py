"""``muniment import`` writes a file once, says what it did, and ends as it should."""

import json
from pathlib import Path

import pytest
from run_yamls import ALL, REMOTE_VLLM_0_2_12
from typer.testing import CliRunner, Result

from muniment.cli.main import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFERENCE_MODEL", "llama-3.2-3b")
    (tmp_path / "run.yaml").write_text(REMOTE_VLLM_0_2_12, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_it_writes_settings_that_the_check_passes(folder: Path) -> None:
    result = run("import", "run.yaml")
    assert result.exit_code == 0
    assert "Wrote muniment.yaml" in result.stdout
    assert "tool_groups.builtin::websearch" in result.stderr
    assert "tool_groups.builtin::websearch" in (folder / "muniment.yaml").read_text(encoding="utf-8")
    assert run("config", "check").exit_code == 0


@pytest.mark.parametrize("version", ALL)
def test_settings_from_every_version_pass_the_check(version: str, folder: Path) -> None:
    (folder / "run.yaml").write_text(ALL[version], encoding="utf-8")
    assert run("import", "run.yaml", "-o", "made.yaml").exit_code == 0
    assert run("config", "check", "-c", "made.yaml").exit_code == 0


def test_json_is_the_report(folder: Path) -> None:
    report = json.loads(run("import", "run.yaml", "--json").stdout)
    assert report["file"] == "muniment.yaml"
    assert "tool_groups.builtin::websearch" in [remark["what"] for remark in report["left"]]
    assert "models.llama-3.2-3b" in [remark["what"] for remark in report["carried"]]


def test_a_file_that_is_there_is_not_replaced(folder: Path) -> None:
    (folder / "muniment.yaml").write_text("collections: {}\n", encoding="utf-8")
    result = run("import", "run.yaml")
    assert result.exit_code == 1
    assert "file_exists" in result.stderr
    assert (folder / "muniment.yaml").read_text(encoding="utf-8") == "collections: {}\n"
    assert run("import", "run.yaml", "--force").exit_code == 0
    assert "llama-3.2-3b" in (folder / "muniment.yaml").read_text(encoding="utf-8")


def test_what_cannot_be_read_is_refused_and_nothing_is_written(folder: Path) -> None:
    (folder / "run.yaml").write_text("version: 9\nproviders: {}", encoding="utf-8")
    result = run("import", "run.yaml")
    assert result.exit_code == 2
    assert "version 9; versions 2 and 3" in result.stderr
    assert not (folder / "muniment.yaml").exists()


def test_the_run_yaml_itself_is_never_replaced(folder: Path) -> None:
    result = run("import", "run.yaml", "-o", "./run.yaml", "--force")
    assert result.exit_code == 1
    assert (folder / "run.yaml").read_text(encoding="utf-8") == REMOTE_VLLM_0_2_12
