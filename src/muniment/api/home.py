"""The page at ``/``: ask, read, look at the evidence. One file, nothing from elsewhere."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi.responses import HTMLResponse

from muniment.api.context import failures
from muniment.api.routing import Router

router = Router(tags=["page"])


@router.get(
    "/",
    summary="The page for people",
    operation_id="home",
    response_class=HTMLResponse,
    responses=failures(),
)
async def home() -> HTMLResponse:
    """Asks questions and shows answers with the cited pages."""
    page, policy = _page()
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})


@cache
def _page() -> tuple[str, str]:
    """The page, and a policy that lets exactly its own script and style run."""
    page = (files("muniment.api") / "page" / "index.html").read_text(encoding="utf-8")
    script, style = _digest(page, "script"), _digest(page, "style")
    policy = (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy


def _digest(page: str, tag: str) -> str:
    match = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert match is not None
    return "sha256-" + b64encode(sha256(match[1].encode()).digest()).decode()
