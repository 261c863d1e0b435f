"""Ids of what is kept for clients."""

import re
import secrets

ITEM_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "file_search_call": "fs",
    "reasoning": "rs",
    "compaction": "cmp",
    "mcp_approval_response": "mcprs",
    "mcp_call": "mcp",
}


_USABLE = re.compile(r"[\w.-]{1,128}", re.ASCII)


def new_id(prefix: str) -> str:
    """A new id: the prefix and 48 hex digits."""
    return f"{prefix}_{secrets.token_hex(24)}"


def usable(item_id: object) -> bool:
    """Whether an id that a client gave an item can be kept."""
    return isinstance(item_id, str) and _USABLE.fullmatch(item_id) is not None


def new_item_id(kind: str) -> str:
    """A new id for an item of this type."""
    return new_id(ITEM_PREFIXES.get(kind, "item"))
