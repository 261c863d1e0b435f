"""A JSON value that fits a JSON schema."""

from muniment.protocols import JsonObject

_PLAIN: JsonObject = {"integer": 0, "number": 0.0, "boolean": False, "null": None, "array": []}


def sample(schema: JsonObject, text: str) -> object:
    """The plainest value that fits: all properties, ``text`` for free strings, no list items.

    Heeds ``type``, ``properties``, ``enum``, ``const``, ``default``, ``minItems``, ``anyOf``/``oneOf``/
    ``allOf`` (the first of them) and references into ``$defs``; a reference to itself ends as null.
    """
    return _sample(schema, text, schema, ())


def _sample(schema: JsonObject, text: str, root: JsonObject, inside: tuple[str, ...]) -> object:
    if "$ref" in schema:
        path = schema["$ref"]
        return None if path in inside else _sample(_at(root, path), text, root, (*inside, path))
    for fixed in ("const", "default"):
        if fixed in schema:
            return schema[fixed]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return _sample(schema[choice][0], text, root, inside)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties") or {}
        return {name: _sample(one, text, root, inside) for name, one in properties.items()}
    if kind == "array" and schema.get("minItems"):
        return [_sample(schema.get("items") or {}, text, root, inside)] * schema["minItems"]
    return text if kind == "string" else _PLAIN.get(kind)


def _at(root: JsonObject, path: str) -> JsonObject:
    """What a reference such as ``#/$defs/Name`` refers to."""
    found = root
    for key in path.removeprefix("#").strip("/").split("/") if path != "#" else ():
        found = found[key]
    return found
