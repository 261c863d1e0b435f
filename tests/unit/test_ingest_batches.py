"""What goes to the engine together: all that is there when it is about to idle, full batches otherwise."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from muniment.ingest.pipeline import Pipeline, PipelineSettings, _Piece
from muniment.providers.fake_embedder import FakeEmbedder, FakeEmbedderOptions
from muniment.types import Chunk

FULL = 4


class Engine(FakeEmbedder):
    """Ends a batch when it is told to."""

    def __init__(self) -> None:
        super().__init__("fake", FakeEmbedderOptions())
        self.sizes: list[int] = []
        self.ends: list[asyncio.Event] = []

    async def embed_texts(self, texts: Sequence[str], *, urgent: bool = False) -> NDArray[np.float32]:
        self.sizes.append(len(texts))
        self.ends.append(end := asyncio.Event())
        await end.wait()
        return await super().embed_texts(texts, urgent=urgent)


def pipeline_with(engine: Engine) -> Pipeline:
    nothing = cast("Any", None)
    settings = PipelineSettings(Path(), 1, readers=1, queue_documents=1, batch_chunks=FULL)
    return Pipeline(nothing, nothing, nothing, nothing, nothing, engine, nothing, settings, nothing)


async def test_a_batch_fills_while_the_engine_has_two() -> None:
    engine = Engine()
    pieces: asyncio.Queue[Any] = asyncio.Queue()
    batches: asyncio.Queue[Any] = asyncio.Queue()
    room = asyncio.Semaphore(3 * FULL)

    async def sizes_after(count: int, *ended: int) -> list[int]:
        for _ in range(count):
            pieces.put_nowait(_Piece(cast("Any", None), Chunk(0, "text", "", (), (), 1)))
        for number in ended:
            engine.ends[number].set()
        for _ in range(50):
            await asyncio.sleep(0)
        return engine.sizes

    async with asyncio.TaskGroup() as group:
        group.create_task(pipeline_with(engine)._embed_all(pieces, batches, room, group))
        assert await sizes_after(1) == [1]
        assert await sizes_after(2) == [1, 2]
        assert await sizes_after(3) == [1, 2]
        assert await sizes_after(2) == [1, 2, 4]
        assert await sizes_after(0, 0) == [1, 2, 4]
        assert await sizes_after(0, 1) == [1, 2, 4, 1]
        # Nothing is written: three full batches are all that may be on their way.
        assert await sizes_after(9, 2, 3) == [1, 2, 4, 1, 4]
        for _ in range(FULL):
            room.release()
        assert await sizes_after(0, 4) == [1, 2, 4, 1, 4, 4]
        room.release()
        pieces.put_nowait(None)
        assert await sizes_after(0, 5) == [1, 2, 4, 1, 4, 4, 1]
        engine.ends[6].set()
