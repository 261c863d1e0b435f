"""Llama Stack 0.3 and later, as 0.3.5 and 0.7: what changed between them stands in the second value."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import BaseModel

from muniment.api.dialects.base import Attributes, DetailDialect, Dialect
from muniment.settings.model import DialectName


@dataclass(frozen=True, kw_only=True, eq=False)
class LlamaStack03(DetailDialect):
    """OpenAI's routes in their own place, errors as before.

    Args:
        content_in_pages: whether the text of a file in a store comes as OpenAI's page.
    """

    family: ClassVar[str] = "llama-stack-0.3"

    content_in_pages: bool = False

    def file_content_page(
        self, file_id: str, filename: str, attributes: Attributes, parts: Sequence[str]
    ) -> BaseModel:
        """The parts below the file's own fields, or OpenAI's page."""
        kind = Dialect if self.content_in_pages else DetailDialect
        return kind.file_content_page(self, file_id, filename, attributes, parts)


LLAMA_STACK_0_3 = LlamaStack03(
    name=DialectName.LLAMA_STACK_0_3,
    version="0.3.5",
    files_have_status=False,
    shows_auto_chunking=True,
    batch_object="vector_store.file_batch",
    tool_arguments_are_text=True,
    streams_end_with_done=False,
    statuses={
        "unknown_store": 400,
        "unknown_collection": 400,
        "unknown_store_file": 400,
        "unknown_batch": 400,
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
    route_statuses={"/v1/vector_stores": {"unknown_model": 400}},
)
"""The 0.3.5 that was captured."""

LLAMA_STACK_0_7 = replace(
    LLAMA_STACK_0_3,
    name=DialectName.LLAMA_STACK_0_7,
    version="0.7.5",
    content_in_pages=True,
)
"""From 0.4 on."""
