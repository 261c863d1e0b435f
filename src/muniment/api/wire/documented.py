"""Shapes that are ready to be declared soon and cost what they cost when they are used.

Their validators are made at the first use. Their fields are described by the docstrings below them;
Pydantic's own ``use_attribute_docstrings`` would read each class's source when the class is made, but only
the OpenAPI document shows descriptions, so the sources are read when that is made. Together this is a third
of a second of the server's start.
"""

import ast
import inspect
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.warnings import UnsupportedFieldAttributeWarning

# FastAPI gives a body's field an alias, and silences what Pydantic thinks of that while it makes the field;
# validators that are made later need the same silence.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)


class Documented(BaseModel):
    """A shape whose JSON schema has the fields' docstrings as descriptions."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema, with a description for each field that has a docstring and no description yet."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, docstring in _docstrings(cls).items():
            shown = properties.get(_shown_name(cls, name, handler.mode))
            if shown is not None:
                shown.setdefault("description", docstring)
        return schema


def _shown_name(shape: type[BaseModel], name: str, mode: str) -> str:
    """A field's name on the wire."""
    field = shape.model_fields.get(name)
    alias = field and (field.serialization_alias if mode == "serialization" else field.validation_alias)
    return alias if isinstance(alias, str) else name


def _docstrings(shape: type[BaseModel]) -> dict[str, str]:
    """Docstrings by field; those of a class stand before those of its bases."""
    found: dict[str, str] = {}
    for base in reversed(shape.__mro__):
        found |= _in_module(base.__module__).get(base.__qualname__, {}) if base is not object else {}
    return found


@cache
def _in_module(module: str) -> dict[str, dict[str, str]]:
    """Docstrings by class and field of a module's outer classes; none of a module without source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):
        return {}
    return {node.name: dict(_in_class(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _in_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(below.value.value)
