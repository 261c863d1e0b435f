"""Agents, sessions and turns, kept with the other objects of clients."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from pydantic import TypeAdapter

from muniment.agents.values import Agent, Session, Turn
from muniment.catalog.resources import Resources
from muniment.errors import NotFoundError
from muniment.types import JsonObject

AGENT, SESSION, TURN = "agent", "agent_session", "agent_turn"

Kept = TypeVar("Kept", Agent, Session, Turn)

_AGENT = TypeAdapter(Agent)
_SESSION = TypeAdapter(Session)
_TURN = TypeAdapter(Turn)


class Records:
    """Finds, keeps and forgets agents, their sessions and the turns in these."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    # -- agents

    async def create_agent(self, config: JsonObject) -> Agent:
        """Keep a new agent."""
        agent = Agent(str(uuid4()), config, datetime.now(UTC))
        await self._keep(AGENT, agent.agent_id, _AGENT, agent)
        return agent

    async def agent(self, agent_id: str) -> Agent:
        """The agent; NotFoundError ``unknown_agent``."""
        agent = await self._get(AGENT, agent_id, _AGENT)
        if agent is None:
            raise _unknown_agent(agent_id)
        return agent

    async def agents(self) -> Sequence[Agent]:
        """Every agent, oldest first."""
        return await self._list(AGENT, None, _AGENT)

    async def delete_agent(self, agent_id: str) -> None:
        """Forget the agent with its sessions; errors as ``agent``."""
        for session in await self.sessions(agent_id):
            await self._forget_session(session.session_id)
        await asyncio.to_thread(self._resources.remove, AGENT, agent_id)

    # -- sessions

    async def create_session(self, agent_id: str, name: str) -> Session:
        """Keep a new session; errors as ``agent``."""
        await self.agent(agent_id)
        session = Session(str(uuid4()), agent_id, name, datetime.now(UTC))
        await self._keep(SESSION, session.session_id, _SESSION, session, agent_id)
        return session

    async def session(self, agent_id: str, session_id: str) -> Session:
        """The session; NotFoundError ``unknown_agent``, ``unknown_session``."""
        await self.agent(agent_id)
        session = await self._get(SESSION, session_id, _SESSION)
        if session is None or session.agent_id != agent_id:
            raise _unknown_session(session_id, agent_id)
        return session

    async def sessions(self, agent_id: str) -> Sequence[Session]:
        """The agent's sessions, oldest first; errors as ``agent``."""
        await self.agent(agent_id)
        return await self._list(SESSION, agent_id, _SESSION)

    async def delete_session(self, agent_id: str, session_id: str) -> None:
        """Forget the session with its turns; errors as ``session``."""
        await self.session(agent_id, session_id)
        await self._forget_session(session_id)

    async def _forget_session(self, session_id: str) -> None:
        await asyncio.to_thread(self._resources.remove_children, TURN, session_id)
        await asyncio.to_thread(self._resources.remove, SESSION, session_id)

    # -- turns

    async def keep_turn(self, turn: Turn) -> None:
        """Keep a turn, in place of what it was before."""
        await self._keep(TURN, turn.turn_id, _TURN, turn, turn.session_id)

    async def turn(self, agent_id: str, session_id: str, turn_id: str) -> Turn:
        """The turn; errors as ``session``, and NotFoundError ``unknown_turn``."""
        await self.session(agent_id, session_id)
        turn = await self._get(TURN, turn_id, _TURN)
        if turn is None or turn.session_id != session_id:
            raise NotFoundError(
                f"Session {session_id!r} has no turn {turn_id[:80]!r}.",
                code="unknown_turn",
                hint="Get the session to see its turns; one that failed is not kept.",
            )
        return turn

    async def turns(self, session_id: str) -> Sequence[Turn]:
        """The turns of a session, oldest first."""
        return await self._list(TURN, session_id, _TURN)

    # -- inside

    async def _keep(
        self, kind: str, item_id: str, adapter: TypeAdapter[Kept], item: Kept, parent: str = ""
    ) -> None:
        body = adapter.dump_python(item, mode="json")
        await asyncio.to_thread(self._resources.add, kind, [(item_id, body)], parent=parent)

    async def _get(self, kind: str, item_id: str, adapter: TypeAdapter[Kept]) -> Kept | None:
        found = await asyncio.to_thread(self._resources.get, kind, item_id)
        return None if found is None else adapter.validate_python(found.body)

    async def _list(self, kind: str, parent: str | None, adapter: TypeAdapter[Kept]) -> Sequence[Kept]:
        found = await asyncio.to_thread(self._resources.list, kind, parent=parent)
        return [adapter.validate_python(one.body) for one in found]


def _unknown_agent(agent_id: str) -> NotFoundError:
    return NotFoundError(
        f"Unknown agent {agent_id[:80]!r}.",
        code="unknown_agent",
        hint="GET /v1/agents lists the agents; POST /v1/agents makes one.",
    )


def _unknown_session(session_id: str, agent_id: str) -> NotFoundError:
    return NotFoundError(
        f"Agent {agent_id!r} has no session {session_id[:80]!r}.",
        code="unknown_session",
        hint="GET /v1/agents/{agent_id}/sessions lists them; POST …/session makes one.",
    )
