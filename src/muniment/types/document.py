"""Documents: where they come from, what they say, and where on the page they say it."""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePosixPath

MetadataValue = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page in points (1/72 inch), origin at the top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page's 1-based number and its size in points; for slides and sheets, in their own units."""

    number: int
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Span:
    """Where text lives: a half-open character range of the parsed text, with page and box where known.

    ``page`` is 1-based (slide and sheet numbers count as pages). ``page`` and ``box`` are None for
    formats without pages, such as Markdown.
    """

    start: int
    end: int
    page: int | None = None
    box: Box | None = None


class BlockKind(StrEnum):
    """What a block of a document is."""

    TITLE = "title"
    HEADING = "heading"
    TEXT = "text"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CAPTION = "caption"
    FOOTNOTE = "footnote"
    CODE = "code"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table: its part of the parsed text, cells joined by `` | ``."""

    start: int
    end: int
    header: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One item of a document in reading order.

    ``start``/``end`` index ``ParsedDocument.text``. ``headings`` is the path of headings above the
    block, outermost first (for a heading: its ancestors, not itself). ``spans`` are the places it
    occupies: several when a paragraph continues in another column or on another page; together
    they cover ``start`` to ``end`` exactly. ``rows`` is filled for tables only.
    """

    kind: BlockKind
    start: int
    end: int
    headings: tuple[str, ...] = ()
    level: int = 0
    spans: tuple[Span, ...] = ()
    rows: tuple[TableRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as parsed: the text that is quoted from, and the blocks that say where it stands.

    Blocks are in reading order, do not overlap and cover ``text`` but for the blank lines between
    them. Running headers and footers are not in it.

    Attributes:
        content_hash: SHA-256 (hex) of the source file's bytes.
        title: the document's own; empty when it has none. Names are no part of what is kept by content.
        parser: name and version of the parser that made it.
        notes: what the reader should know, such as "page 3 was read by OCR".
    """

    content_hash: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...]
    parser: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as a source lists it, before it is read.

    Attributes:
        uri: identity within the collection, such as ``file:///srv/docs/a.pdf``.
        name: the path shown to people, relative to the source.
        version: what changes when the bytes change (etag, or size and mtime); compared, never read.
        metadata: key/value pairs that searches can filter on.
    """

    uri: str
    name: str
    size: int
    version: str
    metadata: dict[str, MetadataValue] = field(default_factory=dict)


class DocumentState(StrEnum):
    """How a document's last ingestion ended."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class DocumentOrigin(StrEnum):
    """How a document came in: found in a declared source, or uploaded."""

    SOURCE = "source"
    UPLOAD = "upload"


def document_id(content_hash: str, salt: str = "", form: str = "") -> str:
    """The id of the document whose bytes have this SHA-256 (hex).

    Documents with a ``salt`` share their chunks only with those of the same salt. ``form`` is what of the
    name decided how the bytes were read: the same bytes read in two forms are two documents. It is empty
    for documents that were read before it was kept.
    """
    told = f"{content_hash}\0{salt}\0{form}" if form else f"{content_hash}\0{salt}"
    salted = sha256(told.encode()).hexdigest() if salt or form else content_hash
    return f"doc_{salted[:24]}"


_AS = " as "


def reading(parser_version: str, form: str) -> str:
    """How a content was read: by which version of the parser, and as which form."""
    return f"{parser_version}{_AS}{form}"


def parser_of(read: str) -> str:
    """The version of the parser in a ``reading``; one that was kept without a form is the version."""
    version, _, form = read.rpartition(_AS)
    return version or form


def form_of(read: str) -> str:
    """The form in a ``reading``; empty for one that was kept without."""
    return read.rpartition(_AS)[2] if _AS in read else ""


def title_from(name: str) -> str:
    """What stands for the title of a document that has none itself."""
    return PurePosixPath(name).stem


@dataclass(frozen=True, slots=True)
class Document:
    """One source file at one content hash, as the catalog knows it.

    ``document_id`` is derived from the content hash and the form in which it was read, so the same bytes
    under two names of one form share their chunks. ``error_code``, ``error`` and ``hint`` are set when
    ``state`` is failed or skipped. ``parser`` is the ``reading``: the parser's version and the form; the
    version alone for what could not be read, and for what was read before forms were kept.
    ``updated_at`` is ISO 8601, UTC.
    ``chunker`` is the spec of its own chunker, where it is not chunked like the rest of its collection.
    ``generation`` is the number of the collection's generation whose index holds its chunks.
    """

    collection: str
    uri: str
    name: str
    document_id: str
    content_hash: str
    version: str
    size: int
    state: DocumentState
    origin: DocumentOrigin = DocumentOrigin.SOURCE
    parser: str = ""
    pages: int = 0
    chunks: int = 0
    title: str = ""
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    error_code: str = ""
    error: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    updated_at: str = ""
    chunker: str = ""
    generation: int = 1
