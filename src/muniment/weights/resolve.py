"""Finds a model's folder on this machine and checks it; never fetches."""

import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from muniment.errors import MunimentError, NotFoundError, StorageError
from muniment.weights.catalogue import CATALOGUE, PackagedWeights, WeightFile, find
from muniment.weights.checksum import ChecksumCache, sha256_of

RECORD_NAME = "checksums.sha256.json"


@dataclass(frozen=True, slots=True)
class WeightsState:
    """Where a packaged model stands on this machine.

    Attributes:
        state: ``ready`` in the data folder, ``installed`` as a registry package, ``damaged`` when a
            file is missing or of the wrong size, or ``missing``.
        path: its folder, when there is one.
    """

    weights: PackagedWeights
    state: Literal["ready", "installed", "damaged", "missing"]
    path: Path | None = None


def resolve(name_or_path: str | Path, data_dir: Path) -> Path:
    """The folder of a model's files, checked by SHA-256 where the model is a packaged one.

    Looks for a local folder of that path, then ``<data_dir>/models/<name>``, then an installed
    registry package (through its metadata; its code is not imported).

    Raises:
        NotFoundError: code ``weights_missing``, with the command that fetches them, or ``unknown_model``.
        StorageError: code ``weights_damaged``, when a checksum differs.
    """
    explicit = Path(name_or_path).expanduser()
    if explicit.is_dir() and (explicit.is_absolute() or len(explicit.parts) > 1):
        return explicit
    if _looks_like_path(str(name_or_path)):
        raise NotFoundError(
            f"Model folder {str(name_or_path)!r} does not exist.",
            code="weights_missing",
            hint="Name a folder with config.json, tokenizer.json and model.safetensors (or model.onnx), "
            "or a model that `muniment models list` shows.",
        )
    local = data_dir / "models" / str(name_or_path)
    if local.is_dir() and str(name_or_path) not in CATALOGUE:
        return local
    weights = find(str(name_or_path))
    folder = folder_of(weights, data_dir)
    if folder is None:
        raise _missing(weights, data_dir)
    _check(weights, folder, ChecksumCache(data_dir))
    return folder


def folder_of(weights: PackagedWeights, data_dir: Path) -> Path | None:
    """Where the weights lie, unchecked: in the data folder or an installed package."""
    local = data_dir / "models" / weights.name
    return local if local.is_dir() else _installed_folder(weights)


def verify(name: str, data_dir: Path) -> Path:
    """Read every file of a packaged model again and compare checksums; the folder when all is well.

    Raises:
        NotFoundError: code ``weights_missing`` or ``unknown_model``.
        StorageError: code ``weights_damaged``.
    """
    weights = find(name)
    folder = folder_of(weights, data_dir)
    if folder is None:
        raise _missing(weights, data_dir)
    _check(weights, folder, None)
    return folder


def list_weights(data_dir: Path) -> list[WeightsState]:
    """Every packaged model with its state; looks at names and sizes, not at contents."""
    return [_state_of(weights, data_dir) for weights in CATALOGUE.values()]


def expected_files(weights: PackagedWeights, folder: Path) -> tuple[WeightFile, ...]:
    """The files with their checksums; those recorded at download stand in for unknown ones."""
    recorded: dict[str, str] = {}
    record = folder / RECORD_NAME
    if record.is_file():
        recorded = json.loads(record.read_text(encoding="utf-8"))
    return tuple(
        file if file.sha256 else WeightFile(file.path, recorded.get(file.path, ""), file.size)
        for file in weights.files
    )


def check_file(weights: PackagedWeights, file: WeightFile, path: Path, digest: str) -> None:
    """Compare one file's checksum.

    Raises:
        StorageError: code ``weights_damaged``.
    """
    if file.sha256 and digest != file.sha256:
        raise StorageError(
            f"{path} of model {weights.name!r} has SHA-256 {digest}, expected {file.sha256}.",
            code="weights_damaged",
            hint=f"The file was changed or cut short. Fetch it anew: `muniment models get {weights.name}`.",
        )


def _looks_like_path(name: str) -> bool:
    known_repository = any(w.hub and w.hub.repository.lower() == name.lower() for w in CATALOGUE.values())
    return not known_repository and ("/" in name or "\\" in name or name.startswith("."))


def _installed_folder(weights: PackagedWeights) -> Path | None:
    if weights.distribution is None:
        return None
    try:
        package = distribution(weights.distribution)
    except PackageNotFoundError:
        return None
    if f"{weights.distribution}=={package.version}" not in weights.requirements:
        return None
    folder = Path(str(package.locate_file(weights.member)))
    return folder if folder.is_dir() else None


def _check(weights: PackagedWeights, folder: Path, cache: ChecksumCache | None) -> None:
    for file in expected_files(weights, folder):
        path = folder / file.path
        if not path.is_file():
            raise StorageError(
                f"Model {weights.name!r} lacks {path}.",
                code="weights_damaged",
                hint=f"Fetch it anew: `muniment models get {weights.name}`.",
            )
        check_file(weights, file, path, cache.sha256(path) if cache else sha256_of(path))


def _state_of(weights: PackagedWeights, data_dir: Path) -> WeightsState:
    folder = folder_of(weights, data_dir)
    if folder is None:
        return WeightsState(weights, "missing")
    for file in weights.files:
        path = folder / file.path
        if not path.is_file() or (file.size and path.stat().st_size != file.size):
            return WeightsState(weights, "damaged", folder)
    return WeightsState(weights, "ready" if folder.parent == data_dir / "models" else "installed", folder)


def _missing(weights: PackagedWeights, data_dir: Path) -> MunimentError:
    wanted = data_dir / "models" / weights.name / weights.files[0].path
    return NotFoundError(
        f"Weights of model {weights.name!r} are missing: {wanted} does not exist"
        + (f" and package {weights.distribution} is not installed." if weights.distribution else "."),
        code="weights_missing",
        hint=f"Fetch them with `muniment models get {weights.name}`.",
    )
