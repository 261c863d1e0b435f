"""Workspaces to try promises on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
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
