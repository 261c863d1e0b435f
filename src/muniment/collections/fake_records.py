"""What the workspace in memory keeps and plans: documents of lines, plans of them, generations."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from muniment.errors import DocumentError
from muniment.types import (
    Box,
    Change,
    ChangeKind,
    Document,
    DocumentOrigin,
    DocumentState,
    Estimate,
    GenerationState,
    GenerationStatus,
    MetadataValue,
    Plan,
    PlannedKind,
    Span,
)

AT = "2026-01-02T03:04:05Z"
LINE_HEIGHT = 10.0


def fake_document(
    collection: str, name: str, text: str, metadata: Mapping[str, MetadataValue], origin: DocumentOrigin
) -> Document:
    """The document of a text; it failed when the text holds ``UNREADABLE``."""
    content_hash = hashlib.sha256(text.encode()).hexdigest()
    document = Document(
        collection=collection,
        uri=f"{origin}:{name}",
        origin=origin,
        parser="fake 1",
        name=name,
        document_id=content_hash[:16],
        content_hash=content_hash,
        version="1",
        size=len(text.encode()),
        state=DocumentState.DONE,
        pages=1,
        chunks=len(lines_of(text)),
        title=name.rsplit(".", 1)[0],
        metadata=dict(metadata),
        updated_at=AT,
    )
    if "UNREADABLE" in text:
        error = DocumentError(f"{name!r} cannot be read.", hint="Open it and save it again.")
        document = replace(
            document,
            state=DocumentState.FAILED,
            chunks=0,
            error_code=error.code,
            error=error.message,
            hint=error.hint,
        )
    return document


def fake_changes(documents: Iterable[Document]) -> tuple[Change, ...]:
    """A plan's changes when every document is new, by URI."""
    return tuple(
        Change(ChangeKind.ADD, one.uri, one.name, one.size, one.version, "new", dict(one.metadata), 0)
        for one in sorted(documents, key=lambda document: document.uri)
    )


def fake_plan(collection: str, changes: Sequence[Change]) -> Plan:
    """The plan of these changes."""
    kind = PlannedKind(ChangeKind.ADD, len(changes), sum(one.size for one in changes), tuple(changes[:2]))
    estimate = Estimate(len(changes), 0, 1.5, "2 chunks/s", 100)
    return Plan(f"plan_{collection}", collection, AT, (kind,), 0, len(changes), estimate)


def fake_generations(
    collection: str, documents: int, states: Sequence[GenerationState]
) -> tuple[GenerationStatus, ...]:
    """Generations in these states, numbered from 1."""
    return tuple(
        GenerationStatus(
            collection,
            number,
            state,
            f"fake_{number}",
            "fake",
            8,
            "lines",
            "fake-1",
            documents,
            0,
            documents,
            AT,
            AT,
        )
        for number, state in enumerate(states, 1)
    )


def lines_of(text: str) -> list[Span]:
    """One span for each line that is not blank, with its box on the page."""
    matches = [match for match in re.finditer(r"[^\n]+", text) if match[0].strip()]
    return [
        Span(m.start(), m.end(), 1, Box(10.0, LINE_HEIGHT * (n + 1), 190.0, LINE_HEIGHT * (n + 2)))
        for n, m in enumerate(matches)
    ]
