"""A server that holds nothing yet has neither loaded its embedding model nor opened a database."""

import json
import subprocess
import sys
from pathlib import Path

ENCODER = Path(__file__).parents[1] / "fixtures" / "encoders" / "bert"
SETTINGS = """
data_dir: data
parser: {{provider: fake}}
embedding_models: {{tiny: {{provider: encoder, path: {encoder}, threads: 1}}}}
collections: {{docs: {{embedding_model: tiny, sources: docs}}}}
"""
SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from muniment.build import open_workspace
from muniment.settings import load_settings

HEAVY = ("openvino", "pymilvus", "milvus_lite", "pyarrow", "faiss", "docling", "rapidocr", "pandas")

def loaded():
    return [name for name in HEAVY if name in sys.modules]

async def main():
    settings = load_settings(Path("muniment.yaml"))
    workspace = await open_workspace(settings, serving=False, asking="ask" in sys.argv)
    at_start = loaded()
    ready = (await workspace.readiness()).ready
    found = [p.document_name for p in (await workspace.search("docs", "paid leave")).passages]
    async for _ in workspace.ingest("docs", trigger="test"):
        pass
    then = [p.document_name for p in (await workspace.search("docs", "paid leave")).passages]
    await workspace.aclose()
    print(json.dumps([at_start, ready, found, then]))

asyncio.run(main())
"""


def run(folder: Path, *, asking: bool) -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *(["ask"] if asking else [])],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: list[object] = json.loads(done.stdout)
    return result


def test_what_takes_memory_waits_for_the_first_document_and_is_there_when_there_is_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "muniment.yaml").write_text(SETTINGS.format(encoder=ENCODER))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.txt").write_text("Employees receive 28 days of paid leave a year.")
    assert run(tmp_path, asking=True) == [[], True, [], ["leave.txt"]]
    [at_start, *others] = run(tmp_path, asking=True)
    assert at_start == ["openvino", "pymilvus", "milvus_lite", "pyarrow", "faiss"]
    assert others == [True, ["leave.txt"], ["leave.txt"]]
    # What does not ask may have nothing to embed.
    [at_start, *others] = run(tmp_path, asking=False)
    assert at_start == ["pymilvus", "milvus_lite", "pyarrow", "faiss"]
    assert others == [True, ["leave.txt"], ["leave.txt"]]
