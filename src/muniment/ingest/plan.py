"""What a run has to do: the difference between what the sources list and what the catalog knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muniment.protocols import Source
from muniment.types import Document, DocumentOrigin, DocumentState, SourceFile
from muniment.types.store import ATTACHED


@dataclass(frozen=True, slots=True)
class Work:
    """One file to ingest.

    ``source`` is None when its bytes are kept already (a repair). ``chunker`` is the spec of the
    document's own chunker; empty for the collection's. Documents of one content share their chunks
    only within the same ``salt``.
    """

    file: SourceFile
    source: Source | None
    known: Document | None
    origin: DocumentOrigin = DocumentOrigin.SOURCE
    chunker: str = ""

    @property
    def salt(self) -> str:
        """The URI of an attached file, since each has attributes of its own; nothing for others."""
        return self.file.uri if self.file.uri.startswith(ATTACHED) else ""


@dataclass(frozen=True, slots=True)
class IngestPlan:
    """What a run does: files to ingest, documents to forget, and how many stay as they are."""

    work: tuple[Work, ...]
    removed: tuple[Document, ...]
    unchanged: int

    @property
    def total(self) -> int:
        """Documents the run is about."""
        return len(self.work) + len(self.removed) + self.unchanged


async def make_plan(
    sources: Sequence[Source], known: Iterable[Document], *, parser_version: str, retry_failed: bool = False
) -> IngestPlan:
    """Compare listings with the catalog; reads no file.

    Raises:
        UnavailableError: a source does not answer; nothing is planned then, so nothing is removed.
    """
    by_uri = {document.uri: document for document in known}
    work: list[Work] = []
    listed: set[str] = set()
    unchanged = 0
    for source in sources:
        async for file in source.list():
            if file.uri in listed:
                continue
            listed.add(file.uri)
            document = by_uri.get(file.uri)
            if document is not None and _settled(document, file, parser_version, retry_failed):
                unchanged += 1
            else:
                work.append(Work(file, source, document))
    removed = []
    for document in by_uri.values():
        if document.origin is DocumentOrigin.UPLOAD:
            if document.version:
                unchanged += 1
            else:
                work.append(repair_of(document))
        elif document.uri not in listed:
            removed.append(document)
    return IngestPlan(tuple(work), tuple(removed), unchanged)


def repair_of(document: Document) -> Work:
    """The work of making a known document's chunks again from its kept bytes."""
    file = SourceFile(document.uri, document.name, document.size, document.version, document.metadata)
    return Work(file, None, document, document.origin, document.chunker)


def _settled(document: Document, file: SourceFile, parser_version: str, retry_failed: bool) -> bool:
    if document.version != file.version or document.metadata != file.metadata:
        return False
    if document.state is DocumentState.DONE:
        return True
    # A file that could not be read is tried again only when it, or what reads it, has changed.
    return not retry_failed and document.parser == parser_version
