"""uvicorn as tests want it, of which hundreds start and stop a server each."""

import asyncio
import socket

import uvicorn

LOOK_AGAIN_S = 0.005


class PromptServer(uvicorn.Server):
    """Is gone a moment after it was told to end, where uvicorn takes up to two tenths of a second."""

    async def main_loop(self) -> None:
        """Serve until told to end."""
        while not await self.on_tick(0):  # noqa: ASYNC110 - as uvicorn does
            await asyncio.sleep(LOOK_AGAIN_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; as uvicorn does it when somebody is still being answered."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(LOOK_AGAIN_S)
        if self.force_exit:
            return
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
        else:
            await self.lifespan.shutdown()
