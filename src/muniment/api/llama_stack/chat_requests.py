"""From Llama Stack 0.2's inference requests to OpenAI's."""

import json

from muniment.api.llama_stack.inference_wire import (
    AssistantMessage,
    BatchChatCompletionRequest,
    BatchCompletionRequest,
    ChatCompletionRequest,
    CompletionRequest,
    Content,
    ImageItem,
    LogProbs,
    Message,
    ResponseFormat,
    SamplingParams,
    TextItem,
    ToolCall,
    ToolDefinition,
    ToolMessage,
    ToolParameter,
    UserMessage,
)
from muniment.errors import InputError, NotOfferedError
from muniment.protocols import JsonObject

JSON_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "tuple": "array",
    "dict": "object",
}
"""What tools written in Python call their parameters' types."""

CHOICES = ("auto", "required", "none")


def chat_request(
    asked: ChatCompletionRequest | BatchChatCompletionRequest, messages: list[Message]
) -> JsonObject:
    """The request for one conversation."""
    request: JsonObject = {"model": asked.model_id, "messages": [_message(one) for one in messages]}
    request |= _sampling(asked.sampling_params) | _format(asked.response_format) | _logprobs(asked.logprobs)
    if asked.tools:
        request["tools"] = [_tool(tool) for tool in asked.tools]
        choice = (asked.tool_config and asked.tool_config.tool_choice) or getattr(asked, "tool_choice", None)
        if choice:
            named = {"type": "function", "function": {"name": choice}}
            request["tool_choice"] = choice if choice in CHOICES else named
    return request


def text_request(asked: CompletionRequest | BatchCompletionRequest, content: Content) -> JsonObject:
    """The request for one text; a grammar and images are refused."""
    request: JsonObject = {"model": asked.model_id, "prompt": plain_text(content)}
    request |= _sampling(asked.sampling_params) | _format(asked.response_format)
    if asked.logprobs is not None:
        request["logprobs"] = asked.logprobs.top_k or 1
    return request


def plain_text(content: Content) -> str:
    """The text of a content.

    Raises:
        InputError: there is an image in it.
    """
    if isinstance(content, str):
        return content
    items = content if isinstance(content, list) else [content]
    texts = [item.text for item in items if isinstance(item, TextItem)]
    if len(texts) < len(items):
        raise InputError("Only text can be read here, not images.", hint="Send texts.")
    return "\n".join(texts)


def _message(message: Message) -> JsonObject:
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.call_id, "content": plain_text(message.content)}
    if isinstance(message, AssistantMessage):
        said: JsonObject = {"role": "assistant", "content": plain_text(message.content)}
        if message.tool_calls:
            said["tool_calls"] = [_call(call) for call in message.tool_calls]
        return said
    parts = _parts(message.content)
    if isinstance(message, UserMessage) and message.context:
        parts += _parts(message.context)
    if all(part["type"] == "text" for part in parts):
        return {"role": message.role, "content": "\n".join(part["text"] for part in parts)}
    return {"role": message.role, "content": parts}


def _parts(content: Content) -> list[JsonObject]:
    items = content if isinstance(content, list) else [content]
    return [_part(item) for item in items]


def _part(item: str | TextItem | ImageItem) -> JsonObject:
    if isinstance(item, str):
        return {"type": "text", "text": item}
    if isinstance(item, TextItem):
        return {"type": "text", "text": item.text}
    if item.image.url is not None:
        return {"type": "image_url", "image_url": {"url": item.image.url.uri}}
    if item.image.data is None:
        raise InputError("An image has neither `url` nor `data`.", hint="Give one of them.")
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{item.image.data}"}}


def _call(call: ToolCall) -> JsonObject:
    arguments = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
    function = {"name": call.tool_name, "arguments": call.arguments_json or arguments}
    return {"id": call.call_id, "type": "function", "function": function}


def _tool(tool: ToolDefinition) -> JsonObject:
    parameters = tool.parameters or {}
    schema = {
        "type": "object",
        "properties": {name: _parameter(one) for name, one in parameters.items()},
        "required": [name for name, one in parameters.items() if one.required],
    }
    function = {"name": tool.tool_name, "description": tool.description or "", "parameters": schema}
    return {"type": "function", "function": function}


def _parameter(parameter: ToolParameter) -> JsonObject:
    made: JsonObject = {"type": JSON_TYPES.get(parameter.param_type, parameter.param_type)}
    if parameter.description:
        made["description"] = parameter.description
    if parameter.default is not None:
        made["default"] = parameter.default
    return made


def _sampling(params: SamplingParams | None) -> JsonObject:
    if params is None:
        return {}
    strategy = params.strategy
    made: JsonObject = {
        "max_tokens": params.max_tokens or None,
        "stop": params.stop or None,
        "repetition_penalty": None if params.repetition_penalty in (None, 1) else params.repetition_penalty,
    }
    if strategy is not None:
        greedy = strategy.type == "greedy"
        made["temperature"] = 0.0 if greedy else strategy.temperature
        made["top_p"] = strategy.top_p if strategy.type == "top_p" else None
        made["top_k"] = strategy.top_k if strategy.type == "top_k" else None
    return {key: value for key, value in made.items() if value is not None}


def _format(form: ResponseFormat | None) -> JsonObject:
    if form is None:
        return {}
    if form.type == "grammar":
        raise NotOfferedError(
            "Replies by a grammar are not offered.", hint="Use a `response_format` of type `json_schema`."
        )
    named = {"name": "reply", "schema": form.json_schema or {}}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _logprobs(wanted: LogProbs | None) -> JsonObject:
    return {} if wanted is None else {"logprobs": True, "top_logprobs": wanted.top_k or 1}
