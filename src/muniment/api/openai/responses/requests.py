"""What a request for a response holds."""

from typing import Literal, Self

from pydantic import Field, model_validator

from muniment.api.openai.body import JsonBody
from muniment.api.openai.responses.asked_tools import Tool, ToolChoice
from muniment.api.openai.responses.input_items import InputItem
from muniment.api.openai.responses.shapes import Kept, Lenient


class TextFormat(Kept):
    """The form of the text: `text`, `json_object` or `json_schema`."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    schema_: JsonBody | None = Field(default=None, alias="schema")
    strict: bool | None = None


class TextOptions(Kept):
    """What the text shall look like."""

    format: TextFormat | None = None


class PromptVariable(Lenient):
    """A prompt's variable as a content part."""

    type: Literal["input_text"]
    text: str


class PromptReference(Lenient):
    """A kept prompt, which becomes part of the instructions."""

    id: str
    version: str | int | None = None
    """The default version when omitted."""
    variables: dict[str, str | PromptVariable] | None = None


class ConversationReference(Lenient):
    """A conversation by its id."""

    id: str


class Guardrail(Lenient):
    """A shield by its id."""

    type: str


class ResponseRequest(Lenient):
    """A conversation to answer. Other fields of OpenAI are ignored."""

    model: str | None = Field(default=None, examples=["muniment/handbook"])
    """`muniment/<collection>` (with `@<generator>`), which answers from that collection; else a generator or
    language model. The default generator when omitted."""
    input: str | list[InputItem] = Field(default="", examples=["How many days of annual leave do I have?"])
    """The question, or items of which the last user message is the question."""
    instructions: str | None = None
    """How to answer; the rules on evidence stay above it. Not inherited from the previous response."""
    tools: list[Tool] | None = None
    """`file_search`, `function` and `mcp`."""
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    """Whether functions must, may or may not be called; `none` also turns off `file_search`."""
    previous_response_id: str | None = None
    """A kept response that this one continues."""
    conversation: str | ConversationReference | None = None
    """A conversation that this continues, and to which it is added."""
    prompt: PromptReference | None = None
    """A kept prompt, put before the instructions."""
    store: bool | None = None
    """Keep the response; yes unless false."""
    stream: bool | None = None
    """Send events."""
    background: bool | None = None
    """Answer at once with a response in progress, which can be asked for later."""
    metadata: dict[str, str] | None = None
    """Kept with the response."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Of the generator, where it has one."""
    top_p: float | None = Field(default=None, ge=0, le=1)
    """Passed on to a language model that answers without documents or with functions."""
    max_output_tokens: int | None = Field(default=None, ge=16)
    """Longest text."""
    text: TextOptions | None = None
    """`format` is passed on to the language model."""
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    """Shown again."""
    truncation: Literal["auto", "disabled"] | None = None
    """Shown again. What the model has no room for is left out, oldest first, where documents are searched."""
    prompt_cache_key: str | None = None
    """Shown again."""
    include: list[str] | None = None
    """`file_search_call.results` shows what was found; dialects other than OpenAI's show it always."""
    guardrails: list[str | Guardrail] | bool | None = None
    """Shields that judge the question and the answer, as in Llama Stack; `true`, as in OGX, is the first one.
    The text is then sent when it is whole."""
    max_tool_calls: int | None = Field(default=None, ge=1)
    """Most calls of tools that the server makes for the response."""
    parallel_tool_calls: bool | None = None
    """Whether several functions may be called at once."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        given = {"input", "prompt", "previous_response_id", "conversation"} & self.model_fields_set
        if not given:
            raise ValueError("input: Field required")
        return self

    @property
    def conversation_id(self) -> str | None:
        """The conversation's id, however it was given."""
        named = self.conversation
        return named.id if isinstance(named, ConversationReference) else named or None

    @property
    def kept(self) -> bool:
        """Whether the response is kept."""
        return self.store is not False
