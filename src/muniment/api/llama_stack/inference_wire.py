"""Llama Stack 0.2's shapes for inference."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from muniment.api.wire.documented import Documented


class _Asked(Documented):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class TextItem(_Asked):
    """A text."""

    type: Literal["text"] = "text"
    text: str


class ImageUrl(_Asked):
    """Where an image is."""

    uri: str


class Image(_Asked):
    """An image by address, or its bytes in base64."""

    url: ImageUrl | None = None
    data: str | None = None


class ImageItem(_Asked):
    """An image."""

    type: Literal["image"]
    image: Image


Item = Annotated[TextItem | ImageItem, Field(discriminator="type")]
Content = str | Item | list[Item]


class ToolCall(_Asked):
    """A call of a tool by the model."""

    call_id: str
    tool_name: str
    arguments: str | dict[str, Any]
    """As an object; a text where the model's JSON cannot be read."""
    arguments_json: str | None = None


class UserMessage(_Asked):
    """What the user says."""

    role: Literal["user"]
    content: Content
    context: Content | None = None
    """Put behind the content."""


class SystemMessage(_Asked):
    """What the model is told to be."""

    role: Literal["system"]
    content: Content


class ToolMessage(_Asked):
    """What a tool gave."""

    role: Literal["tool"]
    call_id: str
    content: Content


class AssistantMessage(_Asked):
    """What the model said."""

    role: Literal["assistant"]
    content: Content
    stop_reason: str | None = None
    tool_calls: list[ToolCall] | None = None


Message = Annotated[UserMessage | SystemMessage | ToolMessage | AssistantMessage, Field(discriminator="role")]


class Strategy(_Asked):
    """How tokens are chosen."""

    type: Literal["greedy", "top_p", "top_k"]
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


class SamplingParams(_Asked):
    """How the model writes."""

    strategy: Strategy | None = None
    max_tokens: int | None = None
    """0 for as many as there is room for."""
    repetition_penalty: float | None = None
    stop: list[str] | None = None


class ToolParameter(_Asked):
    """A parameter of a tool."""

    param_type: str
    """A type of JSON schema, or of Python."""
    description: str | None = None
    required: bool | None = True
    default: Any = None


class ToolDefinition(_Asked):
    """A tool that the model may call."""

    tool_name: str
    description: str | None = None
    parameters: dict[str, ToolParameter] | None = None


class ToolConfig(_Asked):
    """Whether, and which, tools are called."""

    tool_choice: str | None = None
    """`auto`, `required`, `none`, or a tool's name."""


class ResponseFormat(_Asked):
    """The form of the reply."""

    type: Literal["json_schema", "grammar"]
    json_schema: dict[str, Any] | None = None
    bnf: dict[str, Any] | None = None
    """Grammars are not offered."""


class LogProbs(_Asked):
    """Log probabilities wanted."""

    top_k: int | None = None
    """Of how many tokens at each place."""


class _Sampled(_Asked):
    model_id: str
    """A language model, a registered name, or `muniment/<collection>`."""
    sampling_params: SamplingParams | None = None
    response_format: ResponseFormat | None = None
    logprobs: LogProbs | None = None


class _Chatting(_Sampled):
    tools: list[ToolDefinition] | None = None
    tool_config: ToolConfig | None = None


class ChatCompletionRequest(_Chatting):
    """A conversation to be gone on with."""

    messages: list[Message]
    tool_choice: str | None = None
    """As in `tool_config`, which counts more."""
    stream: bool | None = False


class BatchChatCompletionRequest(_Chatting):
    """Several conversations to be gone on with."""

    messages_batch: list[list[Message]] = Field(max_length=1000)


class CompletionRequest(_Sampled):
    """A text to be continued."""

    content: Content
    stream: bool | None = False


class BatchCompletionRequest(_Sampled):
    """Several texts to be continued."""

    content_batch: list[Content] = Field(max_length=1000)


class EmbeddingsRequest(_Asked):
    """Texts to be embedded."""

    model_id: str
    """An embedding model, or a registered name."""
    contents: list[str] | list[Item]
    text_truncation: Literal["none", "start", "end"] | None = "none"
    """Which end of a text is cut that is too long; the end unless `start`."""
    output_dimension: int | None = None
    """Must be the model's own."""
    task_type: Literal["query", "document"] | None = None


class TextPart(_Asked):
    """A text in OpenAI's form."""

    type: Literal["text"]
    text: str


class RerankRequest(_Asked):
    """Items to be put in the order in which they fit a query."""

    model: str
    """A reranker, an embedding model, or a registered name."""
    query: str | TextPart
    items: list[str | TextPart]
    max_num_results: int | None = Field(default=None, ge=1)


class _Sent(Documented):
    model_config = ConfigDict(frozen=True)


StopReason = Literal["end_of_turn", "end_of_message", "out_of_tokens"]


class Metric(_Sent):
    """A count."""

    metric: str
    value: float
    unit: str | None = "tokens"


class TokenLogProbs(_Sent):
    """The likeliest tokens at one place."""

    logprobs_by_token: dict[str, float]


class _Measured(_Sent):
    metrics: list[Metric] | None = None
    """Tokens read and written, where the model counts."""


class CompletionMessage(_Sent):
    """What the model says, or the tools it calls."""

    role: Literal["assistant"] = "assistant"
    content: str
    stop_reason: StopReason
    """`end_of_message` when tools are to be called."""
    tool_calls: list[ToolCall] = Field(default=[])


class ChatCompletion(_Measured):
    """A conversation gone on with."""

    completion_message: CompletionMessage
    logprobs: list[TokenLogProbs] | None = None


class BatchChatCompletion(_Sent):
    """In the order of the conversations."""

    batch: list[ChatCompletion]


class TextDelta(_Sent):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: str


class ToolCallDelta(_Sent):
    """A piece of a tool call's JSON, then the whole call."""

    type: Literal["tool_call"] = "tool_call"
    tool_call: str | ToolCall
    parse_status: Literal["started", "in_progress", "failed", "succeeded"]


class ChatEvent(_Sent):
    """A step of a streamed conversation."""

    event_type: Literal["start", "progress", "complete"]
    delta: TextDelta | ToolCallDelta
    logprobs: list[TokenLogProbs] | None = None
    stop_reason: StopReason | None = None


class ChatChunk(_Measured):
    """A step of a streamed conversation; the last one has the metrics."""

    event: ChatEvent


class Completion(_Measured):
    """A text continued."""

    content: str
    stop_reason: StopReason
    logprobs: list[TokenLogProbs] | None = None


class CompletionChunk(_Measured):
    """A piece of a text; the last one has the stop reason."""

    delta: str
    stop_reason: StopReason | None = None
    logprobs: list[TokenLogProbs] | None = None


class BatchCompletion(_Sent):
    """In the order of the texts."""

    batch: list[Completion]


class Embeddings(_Sent):
    """One vector for each text, in their order."""

    embeddings: list[list[float]]


class RerankedItem(_Sent):
    """An item, by its place in the request."""

    index: int
    relevance_score: float
    """The reranker's; of an embedding model the cosine of its embedding and the query's."""


class Reranked(_Sent):
    """The best item first."""

    data: list[RerankedItem]
