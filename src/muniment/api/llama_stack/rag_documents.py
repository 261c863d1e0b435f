"""Documents sent inside JSON, as texts or data URIs: they become attached files."""

import base64
import binascii
import re
from dataclasses import dataclass
from mimetypes import guess_extension
from types import MappingProxyType
from typing import Annotated
from urllib.parse import unquote_to_bytes

from pydantic import Discriminator, Field, StrictInt, Tag

from muniment.api.llama_stack.content import Interleaved, text_of
from muniment.api.llama_stack.wire import Asked, Given, Text
from muniment.errors import InputError
from muniment.types import MetadataValue

EXTENSIONS = MappingProxyType(
    {
        "application/pdf": ".pdf",
        "text/plain": ".txt",
        "text/html": ".html",
        "text/markdown": ".md",
        "text/csv": ".csv",
    }
)
_DATA_URI = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),(.*)", re.DOTALL | re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?|file|s3)://\S+", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w.-]+")


class Url(Asked):
    """Where a document is."""

    uri: Text


def _kind(value: object) -> str:
    return "url" if isinstance(value, Url) or (isinstance(value, dict) and "uri" in value) else "content"


class RagDocument(Asked):
    """A document to read."""

    document_id: Text | StrictInt
    content: Annotated[
        Annotated[Interleaved, Tag("content")] | Annotated[Url, Tag("url")], Discriminator(_kind)
    ]
    """Text, items of text, or a `data:` URI (also as `{"uri": …}`). Nothing is fetched from elsewhere."""
    mime_type: Text | None = None
    """Of a text or `data:` URI that does not say it itself."""
    metadata: Given | None = Field(default=None)
    """Strings, numbers and booleans in it are kept with the document."""


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """A document as a file: bytes, a name that tells its format, what to keep with it."""

    document_id: str
    filename: str
    data: bytes
    attributes: dict[str, MetadataValue]


def as_file(document: RagDocument) -> DocumentFile:
    """The document as a file.

    Raises:
        InputError: codes ``unsupported_content``, ``remote_content``, ``invalid_data_uri``.
    """
    document_id = str(document.document_id)
    content = document.content
    text = content.uri if isinstance(content, Url) else text_of(content, f"Document {document_id!r:.80}")
    if text[:5].lower() == "data:":
        mime_type, data = _decoded(text, document_id)
        mime_type = mime_type or document.mime_type or "text/plain"
    elif isinstance(content, Url) or _REMOTE.fullmatch(text.strip()):
        raise InputError(
            f"Document {document_id!r:.80} is at {text!r:.200}, and this server fetches nothing.",
            code="remote_content",
            hint="Send the text itself, or the file as a data: URI; or upload it with POST /v1/files.",
        )
    else:
        mime_type, data = document.mime_type or "text/plain", text.encode()
    kept = {k: v for k, v in (document.metadata or {}).items() if isinstance(v, str | int | float)}
    return DocumentFile(
        document_id, _filename(document_id, mime_type), data, {**kept, "document_id": document_id}
    )


def _decoded(uri: str, document_id: str) -> tuple[str, bytes]:
    found = _DATA_URI.fullmatch(uri)
    try:
        if found is None:
            raise ValueError("it has no comma")
        data = unquote_to_bytes(found[3])
        if ";base64" in found[2].lower():
            data = base64.b64decode(b"".join(data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(
            f"The data: URI of document {document_id!r:.80} cannot be read: {error}.",
            code="invalid_data_uri",
            hint="Send data:<type>;base64,<bytes in Base64>.",
        ) from error
    return found[1].lower(), data


def _filename(document_id: str, mime_type: str) -> str:
    """A plain name with the extension of the type; one in the id itself stays."""
    kind = mime_type.partition(";")[0].strip().lower()
    extension = EXTENSIONS.get(kind) or guess_extension(kind) or ".txt"
    stem = _UNSAFE.sub("_", document_id)[-60:].strip("._") or "document"
    return stem if stem.lower().endswith(extension) else f"{stem}{extension}"
