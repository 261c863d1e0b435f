"""Real hostile files end in a document or in an error that says what to do; no crash, no hang."""

import asyncio
import os
from pathlib import Path

import pytest
from installation import Installation

from muniment.errors import MunimentError
from muniment.providers.docling import DoclingOptions, DoclingParser
from muniment.testing.parser import check_parsed

BESIDE = Path(__file__).parents[2].resolve().parent / "shared" / "data"
DATA = Path(os.environ.get("MUNIMENT_REFERENCE_DATA", BESIDE))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("data_set", ["hostile_files", "pdf_malformed"])
async def test_every_hostile_file_fails_alone_or_is_read(data_set):
    folder = DATA / data_set / "dev"
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}")
    parser = DoclingParser(DoclingOptions(timeout_s=60, memory_mb=1500))
    files = sorted(path for path in folder.rglob("*") if path.is_file())

    async def outcome(path: Path) -> str:
        try:
            parsed = await parser.parse(path, path.name, "0" * 64)
        except MunimentError as error:
            assert error.hint, path.name
            assert str(path) not in error.message, path.name
            return error.code
        check_parsed(parsed.document)
        assert "root:x:0" not in parsed.document.text, path.name
        return "read"

    try:
        outcomes = await asyncio.gather(*(outcome(path) for path in files))
    finally:
        await parser.aclose()
    assert "read" in outcomes
    assert not {"parse_timeout", "parser_failed"} & set(outcomes)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_of_them_in_one_collection_end_done_skipped_or_failed_with_a_hint(tmp_path: Path) -> None:
    sources = [str(DATA / data_set / "dev") for data_set in ("hostile_files", "pdf_malformed")]
    if not all(Path(source).is_dir() for source in sources):
        pytest.skip(f"no reference data at {DATA}")
    installation = Installation(tmp_path)
    collection = {"sources": sources, "embedding_model": "small"}
    installation.configure(collections={"docs": collection}, parser={"provider": "docling"})
    with installation.started("ingest") as process:
        assert process.wait(1700) == 3
    report = installation.status()
    assert "Traceback" not in installation.log
    assert all(problem["hint"] and problem["error_code"] for problem in report["problems"])
    codes = {problem["error_code"] for problem in report["problems"]}
    assert not {"parse_timeout", "parser_failed", "parser_crashed", "internal_error"} & codes
    assert {path.name for path in tmp_path.iterdir()} == {"data", "docs", "log", "muniment.yaml"}
