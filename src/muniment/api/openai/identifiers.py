"""Ids of what is kept for clients."""

import secrets

ITEM_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "file_search_call": "fs",
    "reasoning": "rs",
}


def new_id(prefix: str) -> str:
    """A new id: the prefix and 48 hex digits."""
    return f"{prefix}_{secrets.token_hex(24)}"


def new_item_id(kind: str) -> str:
    """A new id for an item of this type."""
    return new_id(ITEM_PREFIXES.get(kind, "item"))
