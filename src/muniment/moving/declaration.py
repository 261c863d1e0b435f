"""Writes an adopted collection into a settings file, leaving everything else in it as it is."""

from collections.abc import Iterator

import yaml

from muniment.errors import ConflictError, SettingsError
from muniment.moving.plain import Plain

_INDENT = 2


def declare_adopted(text: str, name: str, declared: dict[str, Plain], adopt: dict[str, Plain]) -> str:
    """The settings file's text with ``collections.NAME`` adopting.

    A collection that is declared already gets ``adopt`` alone; a new one ``declared`` besides.

    Raises:
        ConflictError: code ``collection_exists``: it has sources, or adopts already.
        SettingsError: ``text`` is no mapping of keys, or writes it in a way that cannot be added to.
    """
    top = _mapping(yaml.compose(text, Loader=yaml.SafeLoader), "The settings file")
    if top is None:
        return (
            f"{text.rstrip()}\n\n{_block({'collections': {name: {**declared, 'adopt': adopt}}}, 0)}".lstrip()
        )
    collections = _value(top, "collections")
    if collections is None:
        return f"{text.rstrip()}\n\n{_block({'collections': {name: {**declared, 'adopt': adopt}}}, 0)}"
    listed = _mapping(collections, "collections")
    known = _value(listed, name) if listed is not None else None
    if listed is None or known is None:
        return _added(text, collections, listed, {name: {**declared, "adopt": adopt}}, inside=top)
    fields = _mapping(known, f"collections.{name}")
    if fields is not None and {"sources", "adopt"} & set(_keys(fields)):
        raise ConflictError(
            f"Collection {name!r} is declared already, with sources or adopting another.",
            code="collection_exists",
            hint="Choose another name, or take its declaration out of the settings.",
        )
    return _added(text, known, fields, {"adopt": adopt}, inside=listed)


def _added(
    text: str,
    node: yaml.Node,
    mapping: yaml.MappingNode | None,
    new: dict[str, Plain],
    *,
    inside: yaml.MappingNode,
) -> str:
    """The text with keys added at the beginning of the mapping at ``node``, which may be empty."""
    start, end = node.start_mark, node.end_mark
    if mapping is not None and mapping.value:
        if mapping.flow_style:
            return f"{text[: start.index + 1]}{_flow(new)}, {text[start.index + 1 :]}"
        line = text.rfind("\n", 0, start.index) + 1
        return f"{text[:line]}{_block(new, start.column)}{text[line:]}"
    before, after = text[: start.index].rstrip(" "), text[end.index :]
    if inside.flow_style:
        return f"{before} {{{_flow(new)}}}{after}"
    # `key:`, `key: null` or `key: {}`: the mapping stands on lines of its own below the key.
    line = before.rfind("\n") + 1
    indent = len(before[line:]) - len(before[line:].lstrip(" ")) + _INDENT
    comment, _, rest = after.partition("\n")
    return f"{before}{f'  {comment.strip()}' if comment.strip() else ''}\n{_block(new, indent)}{rest}"


def _flow(values: dict[str, Plain]) -> str:
    dumped = yaml.safe_dump(
        values, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return dumped.strip()[1:-1]


def _block(values: dict[str, Plain], indent: int) -> str:
    dumped = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return "".join(f"{' ' * indent}{line}\n" for line in dumped.splitlines())


def _mapping(node: yaml.Node | None, what: str) -> yaml.MappingNode | None:
    """The mapping; None for nothing.

    Raises:
        SettingsError: it is something else.
    """
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
        return None
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError(f"{what} must hold keys and values.", hint="Mend it, and adopt again.")
    return node


def _keys(mapping: yaml.MappingNode) -> Iterator[str]:
    return (str(key.value) for key, _ in mapping.value)


def _value(mapping: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in mapping.value if key.value == name), None)
