"""Compares what the sources list with what the catalog knows, as two sorted streams."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from muniment.catalog.known import KnownDocument
from muniment.ingest.estimate import Estimator, MeasuredRate, chunking_growth
from muniment.ingest.holding import Holding
from muniment.ingest.spool import AT_A_TIME, ListedFile, Spool, as_json
from muniment.protocols import Source
from muniment.types import (
    Change,
    ChangeKind,
    DocumentOrigin,
    DocumentState,
    GenerationChange,
    MetadataValue,
    Plan,
    PlannedKind,
    SourceFile,
    parser_of,
)

EXAMPLES = 5
"""Changes of each kind that a plan itself names."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a plan is made for.

    Attributes:
        fingerprint: changes when the declaration would give other documents or other chunks.
        retry_failed: whether documents that failed are tried again although nothing changed.
        rate: how quick earlier runs were.
        generation: what of the declaration asks for another index, if anything does.
        allow_empty: whether the documents of a source that lists nothing are removed.
        in_doubt: which of them are kept otherwise, by URI.
    """

    collection: str
    fingerprint: str
    parser_version: str
    dimension: int
    rate: MeasuredRate
    retry_failed: bool = False
    generation: GenerationChange | None = None
    allow_empty: bool = False
    in_doubt: Callable[[str], bool] = lambda uri: True


async def make_plan(
    spool: Spool, sources: Sequence[Source], known: Iterable[KnownDocument], declared: Declared, made_at: str
) -> Plan:
    """Compare; reads no file. The changes are in ``spool``, and so is the plan.

    Memory does not grow with the number of documents. ``known`` is in the order of URIs.

    Raises:
        UnavailableError: a source does not answer; nothing is planned then, so nothing is removed.
    """
    listed = [0] * len(sources)
    for number, source in enumerate(sources):
        part: list[SourceFile] = []
        async for file in source.list():
            part.append(file)
            if len(part) == AT_A_TIME:
                await asyncio.to_thread(spool.add_listed, number, part)
                listed[number], part = listed[number] + len(part), []
        await asyncio.to_thread(spool.add_listed, number, part)
        listed[number] += len(part)
    holding = Holding(sources, tuple(number for number, files in enumerate(listed) if not files))
    return await asyncio.to_thread(_compared, spool, known, declared, made_at, sum(listed), holding)


def _compared(
    spool: Spool,
    known: Iterable[KnownDocument],
    declared: Declared,
    made_at: str,
    listed: int,
    holding: Holding,
) -> Plan:
    comparison = _Comparison(declared, Estimator(declared.dimension, _growth(declared.generation)))
    part: list[Change] = []
    for change in comparison.changes(spool.listed(), iter(known)):
        part.append(change)
        if len(part) == AT_A_TIME:
            spool.add(part)
            part = []
    spool.add(part)
    spool.forget_listing()
    spool.pair_moves()
    spool.index()
    # Moves first: what another source lists now has not gone.
    held_back = 0
    if holding.empty and not declared.allow_empty:
        held_back = spool.hold_back(lambda uri: holding.holds(uri) and declared.in_doubt(uri))
    tally = _Tally(declared.fingerprint)
    for change in spool.changes():
        tally.add(change)
        comparison.estimator.count(change)
    plan = Plan(
        id=tally.id,
        collection=declared.collection,
        made_at=made_at,
        kinds=tally.kinds,
        unchanged=comparison.unchanged + held_back,
        listed=listed,
        estimate=comparison.estimator.result(declared.rate),
        fingerprint=declared.fingerprint,
        retry_failed=declared.retry_failed,
        generation=declared.generation,
        empty_sources=holding.empty,
        held_back=held_back,
        allow_empty=declared.allow_empty,
    )
    spool.seal(plan)
    return plan


def _growth(generation: GenerationChange | None) -> float:
    cut = [one for one in generation.differences if one.what == "chunker"] if generation else []
    return chunking_growth(cut[0].live, cut[0].wanted) if cut else 1.0


@dataclass(slots=True)
class _Comparison:
    """The merge of the two streams."""

    declared: Declared
    estimator: Estimator
    unchanged: int = 0
    _parsed: tuple[str, dict[str, MetadataValue]] = ("{}", {})

    def changes(self, listed: Iterator[ListedFile], known: Iterator[KnownDocument]) -> Iterator[Change]:
        """Every document that is not as it should be."""
        file, document = next(listed, None), next(known, None)
        while file is not None or document is not None:
            change: Change | None
            if document is None or (file is not None and file.uri < document.uri):
                assert file is not None
                change = self._change(ChangeKind.ADD, file, "new")
                file = next(listed, None)
            elif file is None or document.uri < file.uri:
                change = self._unlisted(document)
                document = next(known, None)
            else:
                change = self._both(file, document)
                file, document = next(listed, None), next(known, None)
            if change is None:
                self.unchanged += 1
            else:
                yield change

    def _both(self, file: ListedFile, document: KnownDocument) -> Change | None:
        self._learn(document)
        failed = document.state != DocumentState.DONE
        changed = self._difference(file, document)
        if failed:
            return self._retry(file, document, changed)
        if not document.version:
            return self._change(ChangeKind.REPAIR, file, "its chunks must be made again", document)
        if changed:
            return self._change(ChangeKind.UPDATE, file, changed, document)
        if self._metadata(file.metadata) != document.metadata:
            return self._change(ChangeKind.METADATA, file, "its metadata changed", document)
        self._renew(document)
        return None

    def _retry(self, file: ListedFile, document: KnownDocument, changed: str) -> Change | None:
        reason = changed
        if not changed and self._metadata(file.metadata) != document.metadata:
            reason = "its metadata changed"
        elif not changed and parser_of(document.parser) != self.declared.parser_version:
            reason = "the parser changed"
        elif not changed and self.declared.retry_failed:
            reason = "asked for"
        if not reason:
            return None
        before = f"{document.state} before ({document.error_code})"
        return self._change(ChangeKind.RETRY, file, f"{before}; {reason}", document)

    def _difference(self, file: ListedFile, document: KnownDocument) -> str:
        if document.version == file.version:
            return ""
        if document.size != file.size:
            return f"its size changed from {document.size} to {file.size} bytes"
        return "its version changed" if document.version else "it was not there to be read"

    def _unlisted(self, document: KnownDocument) -> Change | None:
        if document.origin == DocumentOrigin.UPLOAD:
            self._learn(document)
            if document.version:
                self._renew(document)
                return None
            kind, reason = ChangeKind.REPAIR, "its chunks must be made again"
        else:
            kind, reason = ChangeKind.REMOVE, "no source lists it any more"
        return Change(
            kind=kind,
            uri=document.uri,
            name=document.name,
            size=document.size,
            # Only what was read can be found again under another name.
            version=document.version if document.state == DocumentState.DONE else "",
            reason=reason,
            metadata=document.metadata,
            chunks=document.chunks,
            seen_at=document.updated_at,
        )

    def _change(
        self, kind: ChangeKind, file: ListedFile, reason: str, document: KnownDocument | None = None
    ) -> Change:
        return Change(
            kind=kind,
            uri=file.uri,
            name=file.name,
            size=file.size,
            version=file.version,
            reason=reason,
            metadata=self._metadata(file.metadata),
            source=file.source,
            chunks=document.chunks if document else 0,
            seen_at=document.updated_at if document else "",
        )

    def _learn(self, document: KnownDocument) -> None:
        if document.state == DocumentState.DONE:
            self.estimator.learn(document.name, document.size, document.chunks)

    def _renew(self, document: KnownDocument) -> None:
        """A document that stays as it is, is yet in the other index that is wanted."""
        if self.declared.generation is not None and document.state == DocumentState.DONE:
            self.estimator.renew(document.chunks)

    def _metadata(self, written: str) -> dict[str, MetadataValue]:
        # Files of one source mostly have the same.
        if written != self._parsed[0]:
            self._parsed = (written, json.loads(written))
        return self._parsed[1]


@dataclass(slots=True)
class _Tally:
    """Counts changes by kind, and makes the plan's id of all of them."""

    fingerprint: str
    _counts: dict[ChangeKind, PlannedKind] = field(default_factory=dict)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self._digest.update(self.fingerprint.encode())

    def add(self, change: Change) -> None:
        """Take in one change, in the order of URIs."""
        told = (change.kind, change.uri, change.version, change.moved_from, as_json(change.metadata))
        self._digest.update(json.dumps(told).encode())
        known = self._counts.get(change.kind, PlannedKind(change.kind, 0, 0))
        examples = known.examples if known.documents >= EXAMPLES else (*known.examples, change)
        self._counts[change.kind] = replace(
            known, documents=known.documents + 1, bytes=known.bytes + change.size, examples=examples
        )

    @property
    def id(self) -> str:
        """Of the fingerprint and all changes."""
        return f"plan_{self._digest.hexdigest()[:24]}"

    @property
    def kinds(self) -> tuple[PlannedKind, ...]:
        """In the order of the kinds."""
        return tuple(self._counts[kind] for kind in ChangeKind if kind in self._counts)
