"""A response in the making as OpenAI's events, in OpenAI's order."""

from collections.abc import Iterator

from muniment.answer.chat_generator import ToolCall
from muniment.api.openai.identifiers import new_id
from muniment.api.openai.responses.mcp_tools import Called, Calling, Listed, Listing, McpStep
from muniment.api.openai.responses.objects import (
    FileCitation,
    FileSearchCall,
    FunctionCall,
    IncompleteDetails,
    McpApprovalRequest,
    McpCall,
    McpExecutionError,
    McpHttpError,
    McpListedTool,
    McpListTools,
    OutputItem,
    OutputMessage,
    OutputText,
    Refusal,
    Response,
    ResponseError,
    Sent,
)
from muniment.api.openai.responses.steps import Ended, Said, Searched, Step
from muniment.api.wire import AnswerWire
from muniment.errors import MunimentError

NAMING_THE_RESPONSE = ("response.output_item.", "response.content_part.")
"""Events that clients of Llama Stack and OGX read only with the response's id; others ignore it."""


class StreamEvent(Sent):
    """An event; fields that its type does not have are not sent."""

    type: str
    sequence_number: int
    response: Response | None = None
    response_id: str | None = None
    output_index: int | None = None
    item_id: str | None = None
    content_index: int | None = None
    annotation_index: int | None = None
    item: OutputItem | None = None
    part: OutputText | Refusal | None = None
    annotation: FileCitation | None = None
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    name: str | None = None
    arguments: str | None = None
    logprobs: tuple[str, ...] | None = None

    def data(self) -> str:
        """Its JSON."""
        return self.model_dump_json(include=self.model_fields_set)


class Composer:
    """Builds the output items of one response, and the events that tell of them."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self._sequence = 0
        self._message_id = ""
        self._said = ""
        self._item: OutputItem | None = None

    def begun(self) -> Iterator[StreamEvent]:
        """The first two events."""
        yield self._event("response.created", response=self.response)
        yield self._event("response.in_progress", response=self.response)

    def on(self, step: Step) -> Iterator[StreamEvent]:
        """The events of a step; afterwards ``response`` holds what it brought."""
        if isinstance(step, Searched):
            yield from self._searched(step)
        elif isinstance(step, Said):
            yield from self._piece(step.text)
        elif isinstance(step, Ended):
            yield from self._ended(step)
        else:
            yield from self._of_tools(step)

    def finished(self, completed_at: int) -> StreamEvent:
        """The last event of a response that was not broken off."""
        cut = self.response.incomplete_details is not None
        changes = {"status": "incomplete" if cut else "completed", "completed_at": completed_at}
        self.response = self.response.model_copy(update=changes)
        return self._event(f"response.{self.response.status}", response=self.response)

    def failed(self, error: MunimentError) -> StreamEvent:
        """The last event of one that was."""
        self.response = failed(self.response, error)
        return self._event("response.failed", response=self.response)

    # -- items

    def _searched(self, step: Searched) -> Iterator[StreamEvent]:
        call = FileSearchCall(id=new_id("fs"), status="in_progress", queries=step.queries)
        at = self._place
        yield self._event("response.output_item.added", output_index=at, item=call)
        for state in ("in_progress", "searching", "completed"):
            yield self._event(f"response.file_search_call.{state}", output_index=at, item_id=call.id)
        done = call.model_copy(update={"status": "completed", "results": step.results})
        yield self._done(done)

    def _piece(self, text: str) -> Iterator[StreamEvent]:
        if not self._message_id:
            yield from self._message_begun()
        self._said += text
        yield self._text_event("response.output_text.delta", delta=text, logprobs=())

    def _message_begun(self) -> Iterator[StreamEvent]:
        self._message_id = new_id("msg")
        empty = OutputMessage(id=self._message_id, status="in_progress", content=())
        yield self._event("response.output_item.added", output_index=self._place, item=empty)
        yield self._text_event("response.content_part.added", part=OutputText(text=""))

    def _ended(self, step: Ended) -> Iterator[StreamEvent]:
        if step.is_refusal:
            yield from self._refused(step)
            return
        if step.cut:
            details = IncompleteDetails(reason="max_output_tokens")
            self.response = self.response.model_copy(update={"incomplete_details": details})
        self.response = self.response.model_copy(update={"usage": step.usage})
        if self._message_id or step.text or not (step.calls or step.waits):
            yield from self._message_ended(step)
            self._message_id = self._said = ""
        for call in step.calls:
            yield from self._called(call)

    def _refused(self, step: Ended) -> Iterator[StreamEvent]:
        self.response = self.response.model_copy(update={"usage": step.usage})
        self._message_id = new_id("msg")
        empty = OutputMessage(id=self._message_id, status="in_progress", content=())
        yield self._event("response.output_item.added", output_index=self._place, item=empty)
        yield self._text_event("response.content_part.added", part=Refusal(refusal=""))
        yield self._text_event("response.refusal.delta", delta=step.text)
        yield self._text_event("response.refusal.done", refusal=step.text)
        refusal = Refusal(refusal=step.text)
        yield self._text_event("response.content_part.done", part=refusal)
        yield self._done(OutputMessage(id=self._message_id, content=(refusal,)))

    def _message_ended(self, step: Ended) -> Iterator[StreamEvent]:
        rest = step.text[len(self._said) :]
        if rest or not self._message_id:
            yield from self._piece(rest)
        for number, citation in enumerate(step.citations):
            yield self._text_event(
                "response.output_text.annotation.added", annotation_index=number, annotation=citation
            )
        text = OutputText(text=step.text, annotations=step.citations)
        yield self._text_event("response.output_text.done", text=step.text, logprobs=())
        yield self._text_event("response.content_part.done", part=text)
        yield self._done(
            OutputMessage(
                id=self._message_id,
                status="incomplete" if step.cut else "completed",
                content=(text,),
                muniment=AnswerWire.of(step.answer) if step.answer else None,
            )
        )

    def _called(self, call: ToolCall) -> Iterator[StreamEvent]:
        item = FunctionCall(
            id=new_id("fc"), status="in_progress", call_id=call.id, name=call.name, arguments=""
        )
        at = self._place
        yield self._event("response.output_item.added", output_index=at, item=item)
        place = {"output_index": at, "item_id": item.id}
        yield self._event("response.function_call_arguments.delta", delta=call.arguments, **place)
        yield self._event(
            "response.function_call_arguments.done", name=call.name, arguments=call.arguments, **place
        )
        yield self._done(item.model_copy(update={"status": "completed", "arguments": call.arguments}))

    # -- tools of MCP servers

    def _of_tools(self, step: McpStep) -> Iterator[StreamEvent]:
        if isinstance(step, Listing):
            item = McpListTools(id=new_id("mcpl"), server_label=step.label, tools=())
            yield self._begun_item(item)
            yield self._item_event("response.mcp_list_tools.in_progress")
        elif isinstance(step, Listed):
            yield from self._listed(step)
        elif isinstance(step, Calling):
            yield from self._calling(step)
        elif isinstance(step, Called):
            yield from self._answered(step)
        else:
            asked = McpApprovalRequest(
                id=new_id("mcpr"), server_label=step.label, name=step.name, arguments=step.arguments
            )
            yield self._begun_item(asked)
            yield self._done(asked)

    def _listed(self, step: Listed) -> Iterator[StreamEvent]:
        assert isinstance(self._item, McpListTools)
        yield self._item_event(f"response.mcp_list_tools.{'failed' if step.error else 'completed'}")
        tools = tuple(
            McpListedTool(
                name=tool.name,
                description=tool.description or None,
                input_schema=tool.input_schema,
                annotations={"readOnlyHint": True} if tool.read_only else None,
            )
            for tool in step.tools
        )
        yield self._done(self._item.model_copy(update={"tools": tools, "error": step.error}))

    def _calling(self, step: Calling) -> Iterator[StreamEvent]:
        item = McpCall(
            id=new_id("mcp"),
            server_label=step.label,
            name=step.name,
            arguments="",
            status="in_progress",
            approval_request_id=step.approval_request_id,
        )
        yield self._begun_item(item)
        yield self._item_event("response.mcp_call.in_progress")
        yield self._item_event("response.mcp_call_arguments.delta", delta=step.arguments)
        yield self._item_event("response.mcp_call_arguments.done", arguments=step.arguments)
        self._item = item.model_copy(update={"arguments": step.arguments})

    def _answered(self, step: Called) -> Iterator[StreamEvent]:
        assert isinstance(self._item, McpCall)
        failure: McpExecutionError | McpHttpError | None = None
        if step.error is not None:
            failure = McpHttpError(code=step.error.status, message=f"{step.error.message} {step.error.hint}")
        elif step.result is not None and step.result.is_error:
            failure = McpExecutionError(content=step.result.content)
        state = "failed" if failure else "completed"
        output = step.result.text if step.result and not failure else None
        yield self._item_event(f"response.mcp_call.{state}")
        yield self._done(self._item.model_copy(update={"status": state, "output": output, "error": failure}))

    def _begun_item(self, item: OutputItem) -> StreamEvent:
        self._item = item
        return self._event("response.output_item.added", output_index=self._place, item=item)

    def _item_event(self, kind: str, **fields: object) -> StreamEvent:
        assert self._item is not None
        return self._event(kind, output_index=self._place, item_id=self._item.id, **fields)

    # -- events

    @property
    def _place(self) -> int:
        return len(self.response.output)

    def _done(self, item: OutputItem) -> StreamEvent:
        event = self._event("response.output_item.done", output_index=self._place, item=item)
        self.response = self.response.model_copy(update={"output": (*self.response.output, item)})
        return event

    def _text_event(self, kind: str, **fields: object) -> StreamEvent:
        place = {"output_index": self._place, "item_id": self._message_id, "content_index": 0}
        return self._event(kind, **place, **fields)

    def _event(self, kind: str, **fields: object) -> StreamEvent:
        if kind.startswith(NAMING_THE_RESPONSE):
            fields["response_id"] = self.response.id
        event = StreamEvent.model_validate({"type": kind, "sequence_number": self._sequence, **fields})
        self._sequence += 1
        return event


def failed(response: Response, error: MunimentError) -> Response:
    """The response as one that was broken off."""
    told = ResponseError(code=error.code, message=f"{error.message} {error.hint}".strip())
    return response.model_copy(update={"status": "failed", "error": told})
