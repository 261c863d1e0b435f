"""Who answers an agent's turns: a language model with tools, or Muniment's own checked answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from muniment.agents.knowledge_search import KnowledgeSearch, searched_stores
from muniment.agents.mcp_tools import McpTurnTools, check_tool_groups, mcp_tools
from muniment.agents.tools import SearchScope, check_client_tools, is_search, search_scope
from muniment.agents.values import KNOWLEDGE_SEARCH, AgentSettings, ToolGroup
from muniment.collections.services import ServedWorkspace
from muniment.errors import NotFoundError, NotOfferedError, unknown_name
from muniment.mcp.tool_groups import McpToolGroups
from muniment.protocols import ChatModel

CHECKED_PREFIX = "muniment/"
"""Before the name of a collection, it is a model whose answers are checked."""

_UNBOUNDED = 1_000_000
_LEAST_CONTEXT = 4096


@dataclass(frozen=True, slots=True)
class ByModel:
    """A language model answers; ``search`` is None when it has no knowledge_search."""

    chat: ChatModel
    search: KnowledgeSearch | None
    tools: McpTurnTools


@dataclass(frozen=True, slots=True)
class ByChecking:
    """Muniment answers over the stores of ``search``, with a generator or each collection's own."""

    search: KnowledgeSearch
    generator: str | None


class Answerers:
    """Finds who answers.

    Args:
        generators: names of all generators, those without a language model too.
        groups: tool groups of MCP servers.
        most_chars: of what is searched for.
    """

    def __init__(
        self,
        workspace: ServedWorkspace,
        generators: Collection[str],
        groups: McpToolGroups,
        most_chars: int,
    ) -> None:
        self._workspace = workspace
        self._groups = groups
        self._generators = tuple(generators)
        self._most_chars = most_chars

    async def find(self, agent: AgentSettings, tool_groups: Sequence[ToolGroup]) -> ByModel | ByChecking:
        """Who answers a turn with these tool groups.

        ``muniment/<collection>[@<generator>]`` and generators that are no language model give checked
        answers; so does any name where the stack has no language model at all.

        Raises:
            NotFoundError: codes ``unknown_model``, ``unknown_store``, ``unknown_tool_group``.
            InputError: codes ``collection_required``, ``invalid_tool_group``, ``duplicate_tool``.
            NotOfferedError: tools of MCP servers for checked answers.
            MunimentError: an MCP server cannot be asked for its tools.
        """
        check_client_tools(agent.client_tools)
        await check_tool_groups(tool_groups, self._groups)
        scope = search_scope(tool_groups, agent.tool_groups)
        if agent.model.startswith(CHECKED_PREFIX):
            _check_needs_no_tools(agent.model, tool_groups)
            return await self._checked_collection(agent.model, scope)
        models = self._workspace.services.models
        chats = {model.id: model for model in models.listed()}
        has_no_model = agent.model in self._generators and agent.model not in chats
        if has_no_model or not chats:
            _check_needs_no_tools(agent.model, tool_groups)
            return await self._checked(scope, agent.model if has_no_model else None)
        chat = await models.resolve(agent.model)
        context = chats[chat.name].context_tokens if chat.name in chats else _LEAST_CONTEXT
        taken = {KNOWLEDGE_SEARCH, *(tool.name for tool in agent.client_tools)}
        tools = await mcp_tools(tool_groups, self._groups, taken)
        return ByModel(chat, await self._search(scope, context // 2) if scope else None, tools)

    async def _checked(self, scope: SearchScope | None, generator: str | None) -> ByChecking:
        return ByChecking(await self._search(scope or SearchScope(()), _UNBOUNDED), generator)

    async def _checked_collection(self, model: str, scope: SearchScope | None) -> ByChecking:
        name, _, generator = model.removeprefix(CHECKED_PREFIX).partition("@")
        try:
            collection = await self._workspace.services.stores.find(name)
        except NotFoundError:
            known = [
                f"{CHECKED_PREFIX}{store.collection}"
                for store in await self._workspace.services.stores.list()
            ]
            raise unknown_name("model", model[:200], known) from None
        if generator and generator not in self._generators:
            known = [f"{CHECKED_PREFIX}{name}@{one}" for one in self._generators]
            raise unknown_name("model", model[:200], known)
        if scope is not None and scope.store_ids:
            return ByChecking(await self._search(scope, _UNBOUNDED), generator or None)
        scope = replace(scope or SearchScope(()), store_ids=(collection,))
        return ByChecking(await self._search(scope, _UNBOUNDED), generator or None)

    async def _search(self, scope: SearchScope, most_tokens: int) -> KnowledgeSearch:
        stores = await searched_stores(self._workspace, scope)
        return KnowledgeSearch(self._workspace, stores, scope, most_tokens, self._most_chars)


def _check_needs_no_tools(model: str, groups: Sequence[ToolGroup]) -> None:
    for group in groups:
        if not is_search(group.name):
            raise NotOfferedError(
                f"Model {model[:200]!r} answers from stores and calls no tools such as {group.name[:80]!r}.",
                hint="Use an agent whose model is a language model, or leave the tool group out.",
            )
