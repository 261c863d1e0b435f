"""The built wheel holds everything the program needs outside a checkout."""

import importlib.util
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("no checkout to build from")
    if missing := [name for name in ("pip", "hatchling") if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{' and '.join(missing)} not installed")
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("muniment-*-py3-none-any.whl")
    return zipfile.ZipFile(built)


def test_every_file_of_the_package_is_in_it(wheel: zipfile.ZipFile) -> None:
    source = ROOT / "src"
    files = {str(path.relative_to(source)) for path in (source / "muniment").rglob("*") if path.is_file()}
    wanted = {name for name in files if "__pycache__" not in name and not name.endswith(".pyc")}
    held = {name for name in wheel.namelist() if name.startswith("muniment/")}
    assert held == wanted
    assert {"muniment/py.typed", "muniment/api/page/index.html"} <= held
    assert "muniment/sample/acme_corporate/questions.jsonl" in held
    corpus = [name for name in held if name.startswith("muniment/sample/acme_corporate/corpus/")]
    assert len(corpus) >= 15


def test_the_program_and_every_provider_are_entry_points(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(name).decode()
    assert "muniment = muniment.cli.main:main" in text
    for kind in ("sources", "parsers", "embedders", "vector_stores", "file_stores", "generators"):
        assert f"[muniment.{kind}]" in text


def test_what_it_says_of_itself_names_licence_and_pythons(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = message_from_bytes(wheel.read(name))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    assert not [one for one in metadata.get_all("Requires-Dist", []) if "torch" in one.lower()]
    assert any(entry.endswith("licenses/LICENSE") for entry in wheel.namelist())
