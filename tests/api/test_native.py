"""The native dialect: what each route gives."""

import asyncio
import io
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from muniment.api.uploads import safe_name
from muniment.collections.fake import FakeWorkspace
from muniment.errors import InputError

DOCUMENTS = "/v1/collections/handbook/documents"
LEAVE_QUESTION = {"question": "How many days of annual leave do I have?", "collection": "handbook"}


def events(response: httpx.Response) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


async def test_every_citation_of_an_answer_can_be_opened(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/v1/answers", json=LEAVE_QUESTION)).json()
    assert answer["verdict"] == "grounded"
    (claim,) = answer["claims"]
    assert answer["text"][claim["start"] : claim["end"]] == claim["text"]
    (citation,) = claim["citations"]
    page = await client.get(citation["page_url"])
    image = Image.open(io.BytesIO(page.content))
    assert (255, 0, 0) in {color for _, color in image.convert("RGB").getcolors(100_000)}
    original = await client.get(citation["document_url"])
    assert citation["quote"] in original.text
    assert original.headers["content-disposition"].startswith("attachment")
    assert original.headers["x-content-type-options"] == "nosniff"
    parsed = (await client.get(citation["document_url"].replace("/file", "/text"))).json()
    span = citation["spans"][0]
    assert parsed["text"][span["start"] : span["end"]] == citation["quote"]


async def test_a_streamed_answer_ends_with_the_same_answer(client: httpx.AsyncClient) -> None:
    whole = (await client.post("/v1/answers", json=LEAVE_QUESTION)).json()
    response = await client.post("/v1/answers", json={**LEAVE_QUESTION, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    sent = events(response)
    names = [name for name, _ in sent]
    assert names == ["retrieved", *["delta"] * (len(names) - 2), "answer"]
    assert sent[-1][1] == whole
    assert "".join(str(data["text"]) for name, data in sent if name == "delta") == whole["text"]


async def test_nothing_found_means_abstaining(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/v1/answers", json={"question": "zebra", "collection": "handbook"})).json()
    assert (answer["verdict"], answer["claims"]) == ("abstained", [])


async def test_a_client_that_goes_away_stops_the_work(
    client: httpx.AsyncClient, workspace: FakeWorkspace
) -> None:
    for stream in (False, True):
        body = {"question": f"WAIT leave {stream}", "collection": "handbook", "stream": stream}
        asked = asyncio.create_task(client.post("/v1/answers", json=body))
        await asyncio.sleep(0.05)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert workspace.cancelled == ["WAIT leave False", "WAIT leave True"]


async def test_search_gives_passages_with_places(client: httpx.AsyncClient) -> None:
    found = (await client.post("/v1/search", json={"query": "falcon", "collection": "sales"})).json()
    (passage,) = found["passages"]
    assert passage["document_name"] == "prices.xlsx"
    assert int(passage["id"]) > 2**53 or passage["id"].isdigit()
    assert (await client.get(passage["page_url"])).status_code == 200


async def test_collections_and_runs_are_listed(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/collections")).json()["collections"]
    assert [one["name"] for one in listed] == ["handbook", "sales"]
    assert (await client.get("/v1/collections/handbook")).json() == listed[0]
    run = (await client.post("/v1/collections/handbook/runs")).json()
    assert (run["state"], run["done"], run["failed"]) == ("done", 1, 1)
    assert (await client.get("/v1/runs", params={"collection": "handbook"})).json()["runs"] == [run]
    assert (await client.get("/v1/runs", params={"collection": "sales"})).json()["runs"] == []
    assert (await client.get("/v1/runs", params={"collection": "nope"})).status_code == 404
    assert (await client.get("/v1/runs", params={"limit": 0})).status_code == 422


async def test_a_streamed_run_tells_of_each_document(client: httpx.AsyncClient) -> None:
    sent = events(await client.post("/v1/collections/handbook/runs", json={"stream": True}))
    assert [name for name, _ in sent if name == "document"] == ["document"] * 2
    assert sent[-1][0] == "finished"


async def test_documents_come_in_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get(DOCUMENTS, params={"limit": 1})).json()
    assert ([one["name"] for one in first["documents"]], first["next_after"]) == (
        ["broken.pdf"],
        "broken.pdf",
    )
    second = (await client.get(DOCUMENTS, params={"limit": 1, "after": first["next_after"]})).json()
    assert ([one["name"] for one in second["documents"]], second["next_after"]) == (["leave.pdf"], None)
    failed = (await client.get(DOCUMENTS, params={"state": "failed"})).json()["documents"]
    assert [(one["name"], one["error_code"]) for one in failed] == [("broken.pdf", "document_unreadable")]
    assert (await client.get(DOCUMENTS, params={"state": "odd"})).status_code == 422


async def test_files_are_uploaded_found_and_removed(client: httpx.AsyncClient) -> None:
    files = [("file", ("a.txt", b"Zebras are striped.")), ("file", ("in/b.txt", b"UNREADABLE"))]
    response = await client.post(DOCUMENTS, files=files, data={"metadata": '{"year": 2026, "draft": true}'})
    assert response.status_code == 201
    good, bad = response.json()["documents"]
    assert (good["state"], good["metadata"]) == ("done", {"year": 2026, "draft": True})
    assert (bad["name"], bad["state"], bool(bad["hint"])) == ("in/b.txt", "failed", True)
    where = f"{DOCUMENTS}/{good['document_id']}"
    assert (await client.get(where)).json() == good
    assert (await client.delete(where)).json() == good
    assert (await client.get(where)).status_code == 404
    leave = (await client.get(DOCUMENTS)).json()["documents"][-1]
    assert (await client.delete(f"{DOCUMENTS}/{leave['document_id']}")).status_code == 409


async def test_of_several_files_none_is_lost_silently(client: httpx.AsyncClient) -> None:
    texts = {
        "a.txt": b"Zebras are striped.",
        "b.txt": b"TOO MUCH",
        "c.txt": b"BUG",
        "d.txt": b"Lions are not.",
    }
    response = await client.post(DOCUMENTS, files=[("file", (name, text)) for name, text in texts.items()])
    assert response.status_code == 207
    result = response.json()
    assert [(one["name"], one["state"]) for one in result["documents"]] == [
        ("a.txt", "done"),
        ("d.txt", "done"),
    ]
    codes = {one["name"]: one["error"]["code"] for one in result["failures"]}
    assert codes == {"b.txt": "disk_full", "c.txt": "internal_error"}
    assert "secret" not in response.text
    kept = {one["name"] for one in (await client.get(DOCUMENTS)).json()["documents"]}
    assert kept & set(texts) == {"a.txt", "d.txt"}


async def test_a_single_file_that_cannot_be_kept_is_an_error_of_its_own(client: httpx.AsyncClient) -> None:
    response = await client.post(DOCUMENTS, files={"file": ("b.txt", b"TOO MUCH")})
    assert (response.status_code, response.json()["error"]["code"]) == (507, "disk_full")


@pytest.mark.parametrize(
    ("files", "data", "status", "code"),
    [
        ({"file": ("../evil.txt", b"x")}, {}, 400, "unsafe_name"),
        ({"file": ("/etc/passwd", b"x")}, {}, 400, "unsafe_name"),
        ({"file": ("a.txt", b"x" * 1024 * 1024 * 2)}, {}, 413, "too_large"),
        ({"other": ("a.txt", b"x")}, {}, 400, "invalid_upload"),
        ({"file": ("a.txt", b"x")}, {"metadata": "{"}, 400, "invalid_metadata"),
        ({"file": ("a.txt", b"x")}, {"metadata": '{"a": [1]}'}, 400, "invalid_metadata"),
    ],
)
async def test_a_bad_upload_is_refused_whole(
    client: httpx.AsyncClient,
    files: dict[str, tuple[str, bytes]],
    data: dict[str, str],
    status: int,
    code: str,
) -> None:
    before = (await client.get(DOCUMENTS)).json()
    response = await client.post(DOCUMENTS, files=files, data=data)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert (await client.get(DOCUMENTS)).json() == before


async def test_an_upload_that_is_no_form_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(DOCUMENTS, content=b"hello")
    assert response.json()["error"]["code"] == "invalid_upload"
    broken = {"Content-Type": "multipart/form-data"}
    response = await client.post(DOCUMENTS, content=b"hello", headers=broken)
    assert response.json()["error"]["code"] == "invalid_upload"


async def test_page_images_check_what_is_asked(client: httpx.AsyncClient) -> None:
    leave = (await client.get(DOCUMENTS)).json()["documents"][-1]["document_id"]
    pages = f"{DOCUMENTS}/{leave}/pages"
    assert (await client.get(f"{pages}/1.png?range=0-5&range=6-9&scale=2")).headers[
        "content-type"
    ] == "image/png"
    for wrong, status in (("9.png", 404), ("0.png", 422), ("x.png", 422), ("1.png?range=5-5", 422),
                          ("1.png?range=a", 422), ("1.png?scale=100", 422)):  # fmt: skip
        assert (await client.get(f"{pages}/{wrong}")).status_code == status, wrong
    assert (await client.get(f"{DOCUMENTS}/nope/pages/1.png")).status_code == 404


async def test_filters_reach_the_workspace_in_every_form(client: httpx.AsyncClient) -> None:
    parts = [{"type": "eq", "key": "year", "value": 2026}, {"type": "in", "key": "team", "value": ["a", "b"]}]
    short = {"team": "hr", "year": [2024, 2025]}
    for wire in (
        parts[0],
        {"type": "and", "filters": parts},
        {"type": "or", "filters": [parts[1]]},
        short,
        {"type": "not", "filter": short},
    ):
        body = {"query": "leave", "collection": "handbook", "filter": wire}
        assert (await client.post("/v1/search", json=body)).status_code == 200, wire
        body = {"question": "leave", "collection": "handbook", "filter": wire}
        assert (await client.post("/v1/answers", json=body)).status_code == 200, wire


async def test_the_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http://" not in response.text.replace("http://127.0.0.1", "")
    assert "https://" not in response.text
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in response.text


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/../b", "/a", "C:\\a", "a\\b", "a\x00b", "a\nb", "a" * 256]
)
def test_names_that_could_surprise_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        safe_name(name)


@given(st.text())
def test_no_name_that_leaves_the_folder_is_safe(name: str) -> None:
    try:
        safe = safe_name(name)
    except InputError as error:
        assert error.code == "unsafe_name"
        return
    assert not safe.startswith(("/", "\\"))
    assert ".." not in safe.split("/")
    assert "\x00" not in safe
