"""Tools of MCP servers in a turn."""

from collections.abc import Collection, Sequence

from muniment.agents.tools import is_search
from muniment.agents.values import ToolCall, ToolGroup, ToolResponse
from muniment.errors import MunimentError
from muniment.mcp.offered import as_function, offered_name
from muniment.mcp.tool_groups import GroupTool, McpToolGroups
from muniment.types import JsonObject


class McpTurnTools:
    """The tools of a turn, by the names under which its model knows them."""

    def __init__(self, groups: McpToolGroups, offered: dict[str, GroupTool]) -> None:
        self._groups = groups
        self._offered = offered

    def __contains__(self, name: str) -> bool:
        return name in self._offered

    def __len__(self) -> int:
        return len(self._offered)

    @property
    def functions(self) -> list[JsonObject]:
        """As chat completions take them."""
        return [
            {"type": "function", "function": as_function(name, one.tool)}
            for name, one in self._offered.items()
        ]

    async def call(self, call: ToolCall) -> ToolResponse:
        """What the tool answers; what goes wrong is told to the model, which may try something else."""
        arguments = call.parsed
        if arguments is None:
            return self._failed(call, "The arguments are no JSON object; nothing was called.")
        try:
            result = await self._groups.call(self._offered[call.tool_name], arguments)
        except MunimentError as error:
            return self._failed(call, error.message)
        if result.is_error:
            return self._failed(call, result.text)
        return ToolResponse(call.call_id, call.tool_name, result.text)

    def _failed(self, call: ToolCall, why: str) -> ToolResponse:
        return ToolResponse(call.call_id, call.tool_name, f"Error: {why}", {"is_error": True})


async def check_tool_groups(asked: Sequence[ToolGroup], groups: McpToolGroups) -> None:
    """That every tool group is built in or an MCP server's; none is asked for its tools.

    Raises:
        NotFoundError: ``unknown_tool_group``.
    """
    for group in asked:
        if not is_search(group.name):
            await groups.check(group.name)


async def mcp_tools(
    asked: Sequence[ToolGroup], groups: McpToolGroups, taken: Collection[str]
) -> McpTurnTools:
    """The tools of the MCP servers among the tool groups.

    Args:
        taken: names that no tool gets; one that has such a name gets its group's before it.

    Raises:
        NotFoundError: ``unknown_tool_group``, ``unknown_tool``.
        MunimentError: a server cannot be asked for its tools.
    """
    offered: dict[str, GroupTool] = {}
    for group in asked:
        if is_search(group.name):
            continue
        for found in await groups.tools(group.name):
            name = offered_name(found.tool, found.group, {*taken, *offered})
            if name is not None:
                offered[name] = found
    return McpTurnTools(groups, offered)
