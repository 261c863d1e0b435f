"""Whatever comes in, over the command line and over HTTP: a stable code, a hint, and the rest goes on."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from bad_files import pages_pdf, write_bad_files
from installation import Installation, patience

ANSWER = "The pump takes 21 litres of oil."
QUESTION = "How many litres of oil does the pump take?"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """With the real parser, and one document that is as it should be."""
    made = Installation(tmp_path)
    made.configure(parser={"provider": "docling", "workers": 1})
    (made.docs / "zz-pump.md").write_text(f"# Pump\n\n{ANSWER}")
    return made


def problems(status: dict[str, Any]) -> dict[str, str]:
    """Error codes by name of the documents that status lists; each has words and a hint."""
    assert all(problem["error"] and problem["hint"] for problem in status["problems"])
    return {problem["name"]: problem["error_code"] for problem in status["problems"]}


def test_bad_files_fail_alone_and_status_lists_them(installation: Installation) -> None:
    expected = write_bad_files(installation.docs)
    run = installation.run("ingest", "--json")
    assert (run.code, run.err) == (3, "")
    [counts] = run.json()["runs"]
    assert (counts["state"], counts["done"], counts["failed"]) == ("done", 1, len(expected))
    assert problems(installation.status()) == expected
    shown = installation.run("status").out
    assert all(name in shown and code in shown for name, code in expected.items())
    assert ANSWER in installation.run("ask", QUESTION, "--json").json()["text"]
    assert not list(installation.folder.rglob("evil.txt"))


def test_bad_uploads_are_answered_with_their_codes(installation: Installation) -> None:
    files = installation.folder / "uploads"
    files.mkdir()
    expected = write_bad_files(files)
    with installation.serving() as client, patience() as wait:
        for name in expected:
            parts = {"file": (name, (files / name).read_bytes())}
            parts = {"file": (name, (files / name).read_bytes())}
            sent = client.post("/v1/collections/docs/documents", files=parts)
            [result] = sent.json()["documents"]
            assert (result["error_code"], bool(result["hint"])) == (expected[name], True), name
        refused = client.post("/v1/collections/docs/documents", files={"file": ("../../evil.txt", b"evil")})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unsafe_name")
        wait(lambda: client.get("/v1/ready").status_code == 200)
        answer = client.post("/v1/answers", json={"collection": "docs", "question": QUESTION})
        assert ANSWER in answer.json()["text"]
        assert problems(installation.status()) == expected
        for document in client.get("/v1/collections/docs/documents?state=failed").json()["documents"]:
            removed = client.delete(f"/v1/collections/docs/documents/{document['document_id']}")
            assert removed.status_code == 200, removed.text
    assert problems(installation.status()) == {}


@pytest.mark.slow
def test_a_pdf_of_ten_thousand_pages_fails_alone(installation: Installation) -> None:
    (installation.docs / "long.pdf").write_bytes(pages_pdf(10_000))
    assert installation.run("ingest").code == 3
    assert problems(installation.status()) == {"long.pdf": "too_many_pages"}


BAD_QUESTIONS = [
    ("docs", "", "question_empty", 400),
    ("docs", " \n\t ", "question_empty", 400),
    ("docs", "pump " * 200_000, "question_too_long", 400),
    ("dosc", QUESTION, "unknown_collection", 404),
    ("../docs", QUESTION, "unknown_collection", 404),
]


def test_bad_questions_get_a_code_and_a_hint_over_http(installation: Installation) -> None:
    with installation.serving() as client:
        for collection, question, code, status in BAD_QUESTIONS:
            for route, key in (("/v1/answers", "question"), ("/v1/search", "query")):
                answer = client.post(route, json={"collection": collection, key: question})
                assert _told(answer, status) == code
            chat = {"model": f"muniment/{collection}", "messages": [{"role": "user", "content": question}]}
            told = client.post("/v1/chat/completions", json=chat).json()["error"]
            assert told["code"] in (code, "unknown_model")
        assert _told(client.post("/v1/answers", content=b"{" + b"x" * 3_000_000), 413) == "too_large"


def _told(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["message"] and error["hint"]
    return str(error["code"])


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("ask", "docs", ""), "question_empty"),
        (("ask", "docs", "pump " * 20_000), "question_too_long"),
        (("ask", "dosc", QUESTION), "unknown_collection"),
        (("ingest", "dosc"), "unknown_collection"),
        (("search", " "), "question_empty"),
    ],
)
def test_bad_questions_get_a_code_and_a_hint_on_the_command_line(
    installation: Installation, arguments: tuple[str, ...], code: str
) -> None:
    refused = installation.run(*arguments)
    assert refused.code == 2
    assert refused.told(code), refused.err
