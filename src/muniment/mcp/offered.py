"""Tools as they are offered to a language model."""

import re
from collections.abc import Container

from muniment.mcp.values import McpTool
from muniment.types import JsonObject

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 64
_LONGEST_DESCRIPTION = 4000


def offered_name(tool: McpTool, server: str, taken: Container[str]) -> str | None:
    """A name that models take and that nothing else has: the tool's own, or the server's before it.

    Returns:
        None when both are taken.
    """
    for name in (tool.name, f"{server}__{tool.name}"):
        usable = _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
        if usable not in taken:
            return usable
    return None


def as_function(name: str, tool: McpTool) -> JsonObject:
    """The tool as a function of a chat, under this name."""
    return {
        "name": name,
        "description": tool.description[:_LONGEST_DESCRIPTION],
        "parameters": tool.input_schema or {"type": "object"},
    }
