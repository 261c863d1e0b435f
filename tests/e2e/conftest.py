"""Workspaces to try promises on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from servers import postgres
from workspaces import TEXTS, Open

from muniment.build import open_workspace
from muniment.collections.local import LocalWorkspace
from muniment.settings import Settings


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def open_docs(tmp_path: Path, docs: Path) -> Open:
    """Opens a workspace with one collection, ``docs``, over the folder; only parser and model are fakes."""

    @asynccontextmanager
    async def opened(
        *, serving: bool = False, ingest: dict[str, int] | None = None, **changes: object
    ) -> AsyncIterator[LocalWorkspace]:
        collection = {"sources": str(docs), "embedding_model": "small", **changes}
        settings = Settings.model_validate(
            {
                "data_dir": str(tmp_path / "data"),
                "collections": {"docs": collection},
                "parser": {"provider": "fake"},
                "embedding_models": {
                    "small": {"provider": "fake", "dimension": 64},
                    "large": {"provider": "fake", "dimension": 96},
                },
                "default_embedding_model": "small",
                "reconcile": {"ingest_on_start": False},
                "ingest": ingest or {},
            }
        )
        workspace = await open_workspace(settings, serving=serving)
        try:
            yield workspace
        finally:
            await workspace.aclose()

    return opened


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as uri:
        yield uri


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def catalog_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty catalog of the test's own can be made, once on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    server = request.getfixturevalue("postgres_server")
    name = f"catalog_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.removesuffix('/postgres')}/{name}"
