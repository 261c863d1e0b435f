"""Values as YAML knows them, and looking into those that somebody else wrote."""

from collections.abc import Mapping

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]
"""What a YAML file can hold."""


def mapping(value: object) -> dict[str, Plain]:
    """The mapping with its keys as text; an empty one for anything else."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}


def entries(value: object) -> list[dict[str, Plain]]:
    """The mappings of a list; an empty list for anything else."""
    return (
        [mapping(entry) for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
    )


def text(value: object) -> str:
    """Text or a number as text without blanks around it; empty for anything else."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
