"""Documents as the native dialect shows them."""

from pydantic import Field

from muniment.api.urls import document_url
from muniment.api.wire.base import ErrorDetail, Wire, rebuild
from muniment.types import BlockKind, Document, DocumentOrigin, DocumentState, MetadataValue, ParsedDocument


class BoxWire(Wire):
    """A rectangle on a page in points (1/72 inch), origin at the top left."""

    left: float
    top: float
    right: float
    bottom: float


class SpanWire(Wire):
    """Where text lives: a half-open character range of the parsed text, with page and box where known."""

    start: int
    """First character, counted in Unicode code points."""
    end: int
    """One past the last character."""
    page: int | None = None
    """1-based page, slide or sheet; null for formats without pages."""
    box: BoxWire | None = None
    """Where on the page; null when unknown."""


class DocumentWire(Wire):
    """One source file at one content hash."""

    collection: str
    uri: str
    """Identity within the collection."""
    name: str
    """The path shown to people."""
    document_id: str
    """Derived from the content hash."""
    content_hash: str
    """SHA-256 of the file, in hex."""
    version: str
    """What changes when the file changes."""
    size: int
    """Bytes."""
    state: DocumentState
    origin: DocumentOrigin
    """Found in a declared source, or uploaded."""
    parser: str
    """Name and version of the parser that read it, or tried to."""
    pages: int
    chunks: int
    title: str
    metadata: dict[str, MetadataValue]
    error_code: str
    """Why it failed or was skipped; empty when done."""
    error: str
    hint: str
    """What to do about the error."""
    notes: tuple[str, ...]
    """What the reader should know, such as that a page was read by OCR."""
    updated_at: str
    """ISO 8601, UTC."""
    document_url: str = ""
    """Address of the original file on this server."""

    @classmethod
    def of(cls, document: Document) -> "DocumentWire":
        """The shape of a document."""
        url = document_url(document.collection, document.document_id)
        return cls.model_validate(document).model_copy(update={"document_url": url})

    def domain(self) -> Document:
        """The document it shows."""
        return rebuild(Document, self)


class DocumentList(Wire):
    """A page of documents, by name."""

    documents: tuple[DocumentWire, ...]
    next_after: str | None = Field(examples=["handbook.pdf"])
    """Pass as `after` for the next page; null on the last one."""


class UploadFailure(Wire):
    """An uploaded file that could not be kept."""

    name: str
    error: ErrorDetail


class UploadResult(Wire):
    """What became of each uploaded file; every one is in one of the lists, each in the order sent."""

    documents: tuple[DocumentWire, ...]
    """Those that were kept; one that could not be ingested is in state `failed`."""
    failures: tuple[UploadFailure, ...] = ()
    """Those that were not kept, with the reason. Send them again."""


class PageWire(Wire):
    """A page's number and size in points."""

    number: int
    width: float
    height: float


class TableRowWire(Wire):
    """One row of a table: its part of the parsed text, cells joined by ` | `."""

    start: int
    end: int
    header: bool
    spans: tuple[SpanWire, ...]


class BlockWire(Wire):
    """One item of a document in reading order."""

    kind: BlockKind
    start: int
    """First character in the document's text."""
    end: int
    headings: tuple[str, ...]
    """Headings above it, outermost first."""
    level: int
    spans: tuple[SpanWire, ...]
    rows: tuple[TableRowWire, ...]


class ParsedDocumentWire(Wire):
    """A document as parsed: the text that answers quote from, and where each part of it stands."""

    content_hash: str
    title: str
    text: str
    blocks: tuple[BlockWire, ...]
    pages: tuple[PageWire, ...]
    parser: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, document: ParsedDocument) -> "ParsedDocumentWire":
        """The shape of a parsed document."""
        return cls.model_validate(document)

    def domain(self) -> ParsedDocument:
        """The parsed document it shows."""
        return rebuild(ParsedDocument, self)
