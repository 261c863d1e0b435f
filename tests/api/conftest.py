from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from muniment.api.app import create_app
from muniment.collections.fake import FakeWorkspace
from muniment.settings import Settings

LEAVE = "Employees have 30 days of annual leave.\nSick notes are due on the third day.\n"
PRICES = "The Falcon costs 1,200 euros.\nDelivery takes 5 days.\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "collections": {"handbook": {}, "sales": {}},
            "generators": {"big": {"provider": "openai"}},
            "server": {"max_upload_mb": 1, "max_question_chars": 500},
        }
    )


@pytest.fixture
def workspace(tmp_path: Path) -> FakeWorkspace:
    documents = {
        "handbook": {"leave.pdf": LEAVE, "broken.pdf": "UNREADABLE"},
        "sales": {"prices.xlsx": PRICES},
    }
    return FakeWorkspace(documents, tmp_path)


@pytest.fixture
async def app(workspace: FakeWorkspace, settings: Settings) -> AsyncIterator[FastAPI]:
    async def opened() -> FakeWorkspace:
        return workspace

    app = create_app(opened, settings, instance="test")
    async with app.router.lifespan_context(app):
        await app.state.opening.wait()
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://muniment") as client:
        yield client
