"""The text of documents that come with a turn."""

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from muniment.agents.values import text_of
from muniment.api.llama_stack.agents.content import AgentImageItem, ContentWire, Lenient, UrlWire, content_of
from muniment.errors import InputError

_READ_TYPES = ("application/yaml", "application/json")


class DocumentWire(Lenient):
    """A document for this turn only."""

    content: UrlWire | ContentWire
    mime_type: str
    """Text of some kind."""


def document_text(documents: Sequence[DocumentWire]) -> str:
    """The texts, one after the other.

    Raises:
        InputError: code ``unsupported_document``.
    """
    return "\n".join(_text(document) for document in documents)


def _text(document: DocumentWire) -> str:
    kind = document.mime_type.partition(";")[0].strip().lower()
    if not kind.startswith("text/") and kind not in _READ_TYPES:
        raise _unsupported(f"is of type {document.mime_type[:80]!r}, which is no text")
    content = document.content
    if isinstance(content, UrlWire):
        return _data(content.uri)
    if any(
        isinstance(item, AgentImageItem) for item in (content if isinstance(content, tuple) else (content,))
    ):
        raise _unsupported("is an image")
    return text_of(content_of(content))


def _data(uri: str) -> str:
    head, comma, data = uri.partition(",")
    if not head.startswith("data:") or not comma:
        raise _unsupported(f"is at {uri[:80]!r}, and the server fetches nothing")
    try:
        raw = base64.b64decode(data, validate=True) if head.endswith(";base64") else unquote_to_bytes(data)
        return raw.decode()
    except (binascii.Error, UnicodeError):
        raise _unsupported("is a data: URL that holds no text in UTF-8") from None


def _unsupported(why: str) -> InputError:
    return InputError(
        f"A document of the turn {why}.",
        code="unsupported_document",
        hint="Send its text as `content` with a text type; put other documents into a store.",
    )
