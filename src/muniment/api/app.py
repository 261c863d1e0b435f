"""The whole application, assembled in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from fastapi import FastAPI
from fastapi.middleware import Middleware

import muniment
from muniment.api import (
    answers,
    collections,
    documents,
    errors,
    generations,
    health,
    home,
    llama_stack,
    openai,
    plans,
    quality,
    search,
)
from muniment.api.middleware import BodyLimit, RequestContext
from muniment.api.openai.batches.running import RunningBatches
from muniment.api.openai.responses.running import BackgroundResponses
from muniment.api.opening import Opening, WorkspaceFactory
from muniment.api.routing import include
from muniment.settings import Settings

DESCRIPTION = """Question answering over private documents with checked evidence.

Errors have one shape, `ErrorBody`, on Muniment's own routes. On all others they have that of
the server which the client expects, as its headers, the path or the setting `server.dialect` tell."""


def create_app(workspace_factory: WorkspaceFactory, settings: Settings, *, instance: str = "") -> FastAPI:
    """The HTTP server over a workspace, which it opens when it starts and closes when it ends.

    Args:
        workspace_factory: opens the workspace; runs beside the server, which answers meanwhile.
        instance: name of this server process, shown by ``/v1/health``; random when empty.
    """
    opening = Opening(workspace_factory)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        opening.start()
        try:
            yield
        finally:
            await app.state.background.aclose()
            await app.state.batches.aclose()
            await opening.close()

    app = FastAPI(
        title="Muniment",
        version=muniment.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(RequestContext, dialect=settings.server.dialect),
            Middleware(BodyLimit, max_upload_mb=settings.server.max_upload_mb),
        ],
    )
    app.state.opening = opening
    app.state.settings = settings
    app.state.background = BackgroundResponses()
    app.state.batches = RunningBatches()
    app.state.instance = instance or uuid4().hex
    errors.install(app)
    for module in (health, answers, search, collections, plans, generations, documents, quality, home):
        include(app, module.router)
    openai.include(app)
    llama_stack.include(app)
    return app
