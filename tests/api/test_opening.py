"""Closing what is open, and what never opened."""

import asyncio
import logging
from pathlib import Path

import pytest

from muniment.api.opening import Opening
from muniment.collections.fake import FakeWorkspace


async def test_an_open_workspace_is_closed(tmp_path: Path) -> None:
    workspace = FakeWorkspace({}, tmp_path)

    async def opened() -> FakeWorkspace:
        return workspace

    opening = Opening(opened)
    opening.start()
    assert await opening.wait() is workspace
    await opening.close()
    assert workspace.closed


async def test_a_workspace_that_cannot_be_closed_does_not_keep_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Stuck(FakeWorkspace):
        async def aclose(self) -> None:
            await asyncio.Event().wait()

    async def opened() -> FakeWorkspace:
        return Stuck({}, tmp_path)

    opening = Opening(opened, close_seconds=0.05)
    opening.start()
    await opening.wait()
    with caplog.at_level(logging.ERROR):
        await opening.close()
    assert "not closed within 0.05 s" in caplog.text


async def test_opening_that_resists_being_stopped_does_not_keep_the_server(tmp_path: Path) -> None:
    released = asyncio.Event()

    async def opened() -> FakeWorkspace:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue
        return FakeWorkspace({}, tmp_path)

    opening = Opening(opened, close_seconds=0.05)
    opening.start()
    await asyncio.sleep(0)
    await opening.close()
    released.set()
