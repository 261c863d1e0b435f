"""An answer in the making as OpenAI's chunks."""

from sse_starlette import ServerSentEvent

from muniment.answer.events import AnswerEvent, Delta, Finished
from muniment.api.chat_wire import Chunk, ChunkChoice, ChunkDelta, usage_of
from muniment.api.dialects.base import Dialect
from muniment.api.sources import sources_text
from muniment.api.streaming import sent_event
from muniment.api.wire import AnswerWire
from muniment.errors import MunimentError
from muniment.types import Answer

DONE = "[DONE]"
CHECKED = "\n\nAfter checking, the answer reads:\n\n"


class ChatStream:
    """Encodes the events of one answer; keeps what was sent, because it cannot be taken back."""

    def __init__(
        self, completion_id: str, created: int, model: str, dialect: Dialect, *, include_usage: bool
    ) -> None:
        self._id = completion_id
        self._created = created
        self._model = model
        self._dialect = dialect
        self._include_usage = include_usage
        self._sent = ""
        self._begun = False

    def encode(self, event: AnswerEvent) -> list[ServerSentEvent]:
        """The chunks for an event, the role before all others."""
        chunks = [] if self._begun else [self._chunk(ChunkDelta(role="assistant", content=""))]
        self._begun = True
        if isinstance(event, Delta):
            chunks.append(self._text(event.text))
        if isinstance(event, Finished):
            chunks += self._end(event.answer)
        events = [sent_event(chunk.data()) for chunk in chunks]
        return [*events, sent_event(DONE)] if isinstance(event, Finished) else events

    def on_error(self, error: MunimentError) -> list[ServerSentEvent]:
        """The dialect's error in place of the rest."""
        return [sent_event(self._dialect.stream_error(error).model_dump_json())]

    def _end(self, answer: Answer) -> list[Chunk]:
        chunks = [self._text(text) for text in (self._rest(answer.text), sources_text(answer)) if text]
        last = ChunkChoice(delta=ChunkDelta(muniment=AnswerWire.of(answer)), finish_reason="stop")
        chunks.append(self._with(last))
        if self._include_usage:
            usage = usage_of(answer, self._sent)
            chunks.append(
                Chunk(id=self._id, created=self._created, model=self._model, choices=(), usage=usage)
            )
        return chunks

    def _rest(self, text: str) -> str:
        """What is missing of the checked text; all of it when it is not what was sent so far."""
        if text.startswith(self._sent):
            return text[len(self._sent) :]
        return "" if text.strip() == self._sent.strip() else CHECKED + text

    def _text(self, text: str) -> Chunk:
        self._sent += text
        return self._chunk(ChunkDelta(content=text))

    def _chunk(self, delta: ChunkDelta) -> Chunk:
        return self._with(ChunkChoice(delta=delta))

    def _with(self, choice: ChunkChoice) -> Chunk:
        return Chunk(id=self._id, created=self._created, model=self._model, choices=(choice,))
