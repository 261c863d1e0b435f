"""Whether a plan made earlier still fits the world: what was seen then is there, or is done by now."""

from collections.abc import Callable, Iterable, Iterator

from muniment.errors import ConflictError
from muniment.ingest.plan import is_settled
from muniment.ingest.spool import Spool
from muniment.types import Change, ChangeKind, Document, Plan, Shard, SourceFile, parser_of

_NAMED = 3
"""Differences that the refusal names."""

_TRIED = frozenset({ChangeKind.RETRY, ChangeKind.REPAIR})
"""What another change becomes when it was tried and did not come to an end."""


def check_plan(
    given: Plan,
    changes: Iterable[Change],
    fresh: Spool,
    find: Callable[[str, str], Document | None],
    shard: Shard | None,
) -> None:
    """Compare a plan, its changes by URI, with one made just now.

    ``find`` gives the catalog's document of a collection under a URI. What the plan names and is settled
    as it says has been done by another shard, or by an earlier try.

    Raises:
        ConflictError: code ``plan_outdated``, naming what is different.
    """
    now = fresh.plan
    assert now is not None
    if now.fingerprint != given.fingerprint:
        raise _outdated(given, ["the declaration of the collection, or a model or parser, changed"], 1)
    found: list[str] = []
    count = 0
    for difference in _differences(given, changes, fresh, find, shard):
        count += 1
        if len(found) < _NAMED:
            found.append(difference)
    if found:
        raise _outdated(given, found, count)


def _differences(
    given: Plan,
    changes: Iterable[Change],
    fresh: Spool,
    find: Callable[[str, str], Document | None],
    shard: Shard | None,
) -> Iterator[str]:
    moved_away = _MovedAway(changes)
    planned = (change for change in moved_away if shard is None or shard.holds(change.uri))
    then, now = iter(planned), (c for c in fresh.changes() if shard is None or shard.holds(c.uri))
    old, new = next(then, None), next(now, None)
    unplanned: list[Change] = []
    while old is not None or new is not None:
        if new is None or (old is not None and old.uri < new.uri):
            assert old is not None
            if not _is_done(old, find(given.collection, old.uri)):
                yield f"{old.name} was planned to {_verb(old)}, but {_gone(old, given, find)}"
            old = next(then, None)
        elif old is None or new.uri < old.uri:
            # The old name of a moved document, left by a run that was cut off, is in the plan too.
            unplanned.append(new)
            new = next(now, None)
        else:
            if not _same(old, new):
                yield f"{new.name} was planned to {_verb(old)}, but {_what_differs(old, new)}"
            old, new = next(then, None), next(now, None)
    for change in unplanned:
        if change.kind is not ChangeKind.REMOVE or change.uri not in moved_away.uris:
            yield f"{change.name} is not in the plan: {_verb(change)} ({change.reason})"


class _MovedAway:
    """Changes going by, and the old names of those that are moved."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = changes
        self.uris: set[str] = set()

    def __iter__(self) -> Iterator[Change]:
        for change in self._changes:
            if change.moved_from:
                self.uris.add(change.moved_from)
            yield change


def _same(old: Change, new: Change) -> bool:
    if new.kind is ChangeKind.REMOVE or old.kind is ChangeKind.REMOVE:
        return new.kind is old.kind and new.seen_at == old.seen_at
    same = (old.version, old.size, old.metadata) == (new.version, new.size, new.metadata)
    moved = not new.moved_from or new.moved_from == old.moved_from
    return same and moved and (new.kind is old.kind or new.kind in _TRIED)


def _is_done(change: Change, document: Document | None) -> bool:
    if change.kind is ChangeKind.REMOVE:
        return document is None
    if document is None:
        return False
    if change.kind is ChangeKind.REPAIR and change.source < 0:
        return bool(document.version)
    file = SourceFile(change.uri, change.name, change.size, change.version, change.metadata)
    return is_settled(document, file, parser_of(document.parser))


def _gone(change: Change, given: Plan, find: Callable[[str, str], Document | None]) -> str:
    """Why nothing is to be done any more under the URI of a change that was not carried out."""
    document = find(given.collection, change.uri)
    if change.kind is ChangeKind.REMOVE:
        return "a source lists it again"
    if document is None:
        return "no source lists it any more"
    if document.updated_at == change.seen_at:
        return "it is again as it was before"
    return f"another run has dealt with it since, at {document.updated_at}, as it is now"


def _what_differs(old: Change, new: Change) -> str:
    """In which way a change is not the one that was planned, as exactly as the two tell."""
    if ChangeKind.REMOVE in (old.kind, new.kind):
        if new.kind is old.kind:
            return f"the document has been written since, at {new.seen_at}"
        return f"now {new.reason}" if new.kind is ChangeKind.REMOVE else "a source lists it again"
    said = []
    if new.size != old.size:
        said.append(f"its size has changed from {old.size} to {new.size} bytes since")
    elif new.version != old.version:
        said.append("it has been written again since, with the same size")
    if new.metadata != old.metadata:
        said.append("its metadata have changed since")
    if new.moved_from and new.moved_from != old.moved_from:
        said.append("it has another old name now" if old.moved_from else f"now it moves: {new.reason}")
    return " and ".join(said) or f"now to {_verb(new)}: {new.reason}"


def _verb(change: Change) -> str:
    return {ChangeKind.METADATA: "change its metadata"}.get(change.kind, change.kind.value)


def _outdated(given: Plan, found: list[str], count: int) -> ConflictError:
    more = f"; and {count - len(found)} more" if count > len(found) else ""
    return ConflictError(
        f"The plan {given.id} of {given.made_at} does not fit any more: {'; '.join(found)}{more}.",
        code="plan_outdated",
        hint=f"Make a new one with `muniment plan {given.collection}`.",
    )
