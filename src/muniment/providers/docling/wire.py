"""Frames between the parser and its workers: eight bytes of length, then that many bytes.

A request is one JSON frame. An answer is a JSON frame, followed by the parsed document and its full form
when it says ``ok``. Nothing is unpickled: a worker that a document has taken over can send data only.
"""

import json
from typing import IO, Any

from muniment import errors
from muniment.errors import DocumentError, MunimentError

_LENGTH = 8


def write_frame(stream: IO[bytes], data: bytes) -> None:
    """Write one frame; raises OSError when the other side has gone."""
    stream.write(len(data).to_bytes(_LENGTH, "big"))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The next frame, or None at the end of the stream."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    data = stream.read(int.from_bytes(head, "big"))
    return data or None


def take_frames(buffer: bytearray, count: int) -> list[bytes] | None:
    """The first ``count`` frames of ``buffer``, or None while they are not all there."""
    ranges: list[tuple[int, int]] = []
    at = 0
    for _ in range(count):
        start = at + _LENGTH
        at = start + int.from_bytes(buffer[at:start], "big")
        if len(buffer) < max(start, at):
            return None
        ranges.append((start, at))
    return [bytes(buffer[start:end]) for start, end in ranges]


def error_to_json(error: MunimentError) -> dict[str, str]:
    """An error for the wire."""
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "code": error.code,
        "hint": error.hint,
    }


def error_from_json(data: dict[str, Any]) -> MunimentError:
    """The error that a worker has sent; one of an unknown kind becomes a DocumentError."""
    kind = getattr(errors, str(data.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, MunimentError)):
        kind = DocumentError
    return kind(str(data["message"]), code=str(data["code"]), hint=str(data["hint"]))


def to_json(value: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
