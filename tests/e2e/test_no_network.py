"""Nothing is fetched or reported at run time: not by us, and not by the libraries we use."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installation import ENVIRONMENT, Installation
from network_watch import reached, watched_environment
from PIL import Image, ImageDraw


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    return watched_environment(tmp_path)


def left_at_home(tmp_path: Path) -> list[str]:
    return sorted(str(path) for path in (tmp_path / "home").rglob("*"))


def letter(path: Path) -> None:
    """A scanned letter of one line."""
    image = Image.new("RGB", (1200, 400), "white")
    ImageDraw.Draw(image).text((60, 150), "The invoice is due in 30 days", fill="black", font_size=56)
    image.save(path)


def test_the_watch_sees_who_tries_to_reach_out(tmp_path: Path, watched: dict[str, str]) -> None:
    reach = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))"
    command = [sys.executable, "-c", reach]
    subprocess.run(command, env=ENVIRONMENT | watched, check=False, capture_output=True)
    assert len(reached(tmp_path)) == 1


@pytest.mark.timeout(240)
def test_ingesting_and_asking_reach_nobody_and_leave_nothing_at_home(
    tmp_path: Path, watched: dict[str, str]
) -> None:
    installation = Installation(tmp_path)
    collection = {"sources": "docs"}
    installation.configure(collections={"docs": collection}, parser={"provider": "docling", "workers": 1})
    (installation.docs / "leave.md").write_text("# Leave\n\nEmployees receive 28 days of paid leave a year.")
    page = '<h1>Travel</h1><p>Trains first.</p><img src="http://192.0.2.1/pixel.png">'
    (installation.docs / "travel.html").write_text(page)
    letter(installation.docs / "letter.png")
    ingested = installation.run("ingest", "--json", environment=watched)
    assert ingested.json()["runs"][0]["done"] == 3
    answer = installation.run("ask", "When is the invoice due?", "--json", environment=watched).json()
    assert "30 days" in answer["text"]
    assert reached(tmp_path) == []
    assert left_at_home(tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_runs_without_a_network(tmp_path: Path, watched: dict[str, str]) -> None:
    if not _can_cut_the_network():
        pytest.skip("this machine lets nobody make a network namespace")
    demo = f"ip link set lo up; exec {sys.executable} -m muniment demo --dir {tmp_path}/demo --json"
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", demo],
        env=ENVIRONMENT | watched,
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["run"]["failed"] == 0
    assert any(answer["verdict"] == "grounded" for answer in report["answers"])
    assert reached(tmp_path) == []
    assert left_at_home(tmp_path) == []


def _can_cut_the_network() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, check=False
    )
    return tried.returncode == 0
