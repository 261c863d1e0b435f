"""Llama Stack 0.2, as 0.2.12 and 0.2.22: what changed between them stands in the second value."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import BaseModel

from muniment.api.dialects.base import DetailDialect, Tool
from muniment.api.wire.base import Wire
from muniment.settings.model import DialectName
from muniment.types import JsonObject


class ToolParameter(Wire):
    """What a tool takes."""

    name: str
    parameter_type: str
    description: str
    required: bool = True
    default: Any = None


class ToolResource(Wire):
    """A tool as a registered resource."""

    identifier: str
    provider_resource_id: None = None
    provider_id: str
    type: Literal["tool"] = "tool"
    toolgroup_id: str
    description: str
    parameters: tuple[ToolParameter, ...]
    metadata: None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class LlamaStack02(DetailDialect):
    """Everything both have in common."""

    family: ClassVar[str] = "llama-stack-0.2"

    def tool(self, tool: Tool) -> BaseModel:
        """A tool as a resource with a list of parameters."""
        return ToolResource(
            identifier=tool.name,
            provider_id=tool.provider,
            toolgroup_id=tool.group,
            description=tool.description,
            parameters=_parameters(tool.input_schema or {}),
        )


def _parameters(schema: JsonObject) -> tuple[ToolParameter, ...]:
    """The properties of a JSON schema, which may be anybody's."""
    properties, required = schema.get("properties"), schema.get("required")
    named = properties if isinstance(properties, dict) else {}
    needed = required if isinstance(required, list) else []
    return tuple(_parameter(name, one, is_required=name in needed) for name, one in named.items())


def _parameter(name: str, schema: object, *, is_required: bool) -> ToolParameter:
    said = schema if isinstance(schema, dict) else {}
    kind, text = said.get("type"), said.get("description")
    return ToolParameter(
        name=name,
        parameter_type=kind if isinstance(kind, str) else "object",
        description=text if isinstance(text, str) else "",
        required=is_required,
        default=said.get("default"),
    )


LLAMA_STACK_0_2_12 = LlamaStack02(
    name=DialectName.LLAMA_STACK_0_2_12,
    version="0.2.12",
    names_are_ids=True,
    files_have_status=False,
    shows_auto_chunking=True,
    provider_store_key="provider_vector_db_id",
    streams_end_with_done=False,
    statuses={
        "unknown_store": 400,
        "unknown_collection": 400,
        "unknown_store_file": 400,
        "unknown_batch": 400,
        "unknown_model": 400,
        "unknown_file": 400,
        "unknown_response": 400,
        "unknown_prompt": 400,
        "unknown_conversation": 400,
        "unknown_provider": 400,
        "unknown_shield": 400,
        "shield_unreadable": 400,
        "unknown_agent": 400,
        "unknown_session": 400,
        "unknown_turn": 400,
        "unknown_step": 400,
        "unknown_tool_group": 400,
    },
)
"""Up to 0.2.12: the caller's id of a store is kept, and nothing unknown is a 404."""

LLAMA_STACK_0_2_22 = replace(
    LLAMA_STACK_0_2_12,
    name=DialectName.LLAMA_STACK_0_2_22,
    version="0.2.22",
    names_are_ids=False,
    statuses={**LLAMA_STACK_0_2_12.statuses, "unknown_model": 404, "unknown_file": 404},
    route_statuses={"/v1/vector-dbs": {"unknown_store": 404, "unknown_collection": 404}},
)
"""From 0.2.13 on: stores get new ids, unknown models, files and vector dbs are 404."""
