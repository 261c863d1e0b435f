"""Garbage collection of kept files: what nothing refers to any more goes, and nothing else.

A plan that workers share goes a week after it was made. Any other file goes only when it is old, no
document of any collection and no uploaded file has its bytes, and it is one that ``KeptFiles`` wrote.
Young files stay: a run writes them before the catalog refers to them. A run that relies on an old file
touches it first, so that it is young again; and age and references are looked up once more right before
a file goes, the references last.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from muniment.catalog import Catalog
from muniment.errors import ConflictError
from muniment.ingest.kept_files import KeptKey, hash_version, is_plan_key, read_key
from muniment.protocols import FileStore, StoredFile

GRACE_S = 24 * 3600.0
"""Age in seconds below which a file stays, whether anything refers to it or not."""

PLAN_S = 7 * GRACE_S
"""Age in seconds below which a shared plan stays: until then a shard of it may be tried again."""

_PAGE = 500
"""Files whose references are looked up at once."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection found; sizes in bytes. What was ``removed`` would be, in a dry run.

    Something refers to those that are ``referenced``, however young; to the ``young`` nothing does yet.
    ``unknown`` are files that are not ours; they stay.
    """

    referenced: int = 0
    young: int = 0
    unknown: int = 0
    removed: int = 0
    removed_bytes: int = 0
    kept_bytes: int = 0


async def collect_garbage(
    store: FileStore, catalog: Catalog, *, grace_s: float = GRACE_S, dry_run: bool = False
) -> Collected:
    """Remove the kept files that nothing refers to and that are older than ``grace_s`` seconds.

    Raises:
        ConflictError: code ``nothing_referenced``: the catalog refers to no file at all while files are
            kept, which is what a wrong ``catalog_uri`` looks like. Not in a dry run.
        StorageError, UnavailableError: store or catalog failed; what was removed was garbage.
    """
    if not dry_run and not await asyncio.to_thread(catalog.refers_to_files):
        await _refuse_unless_empty(store)
    total = Collected()
    async for page in _pages(store):
        total = await _collect(page, total, store, catalog, grace_s, dry_run)
    return total


async def _refuse_unless_empty(store: FileStore) -> None:
    async for file in store.list():
        if read_key(file.key) is not None:
            raise ConflictError(
                "The catalog refers to no file at all, but files are kept: all of them would go.",
                code="nothing_referenced",
                hint="Check `catalog_uri`, `data_dir` and `file_store`. If the files are not wanted, "
                "remove the folder or bucket that holds them; `muniment gc --dry-run` counts them.",
            )


async def _pages(store: FileStore) -> AsyncIterator[Sequence[StoredFile]]:
    page: list[StoredFile] = []
    async for file in store.list():
        page.append(file)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


async def _collect(
    page: Sequence[StoredFile],
    total: Collected,
    store: FileStore,
    catalog: Catalog,
    grace_s: float,
    dry_run: bool,
) -> Collected:
    plans = [file for file in page if is_plan_key(file.key)]
    ours = {file: key for file in page if (key := read_key(file.key)) is not None}
    total = replace(total, unknown=total.unknown + len(page) - len(plans) - len(ours))
    total = await _collect_plans(plans, total, store, max(grace_s, PLAN_S), dry_run)
    needed = await _needed(catalog, ours)
    for file, key in ours.items():
        if file in needed:
            total = replace(total, referenced=total.referenced + 1, kept_bytes=total.kept_bytes + file.size)
        elif not _is_old(file, grace_s):
            total = replace(total, young=total.young + 1, kept_bytes=total.kept_bytes + file.size)
        elif dry_run or await _removed(file, key, store, catalog, grace_s):
            size = total.removed_bytes + file.size
            total = replace(total, removed=total.removed + 1, removed_bytes=size)
        else:
            total = replace(total, young=total.young + 1, kept_bytes=total.kept_bytes + file.size)
    return total


async def _collect_plans(
    plans: Sequence[StoredFile], total: Collected, store: FileStore, grace_s: float, dry_run: bool
) -> Collected:
    for file in plans:
        if not _is_old(file, grace_s):
            total = replace(total, young=total.young + 1, kept_bytes=total.kept_bytes + file.size)
            continue
        if not dry_run:
            await store.delete(file.key)
        size = total.removed_bytes + file.size
        total = replace(total, removed=total.removed + 1, removed_bytes=size)
    return total


async def _needed(catalog: Catalog, files: dict[StoredFile, KeptKey]) -> set[StoredFile]:
    """Those of the files that something refers to."""
    hashes = {key.content_hash for key in files.values()}
    references = await asyncio.to_thread(catalog.references_to, hashes)
    needed = set()
    for file, key in files.items():
        refs = references.get(key.content_hash)
        if refs is None:
            continue
        parsers = {hash_version(parser) for parser in refs.parsers}
        if key.parser is None or refs.held or key.parser in parsers:
            needed.add(file)
    return needed


async def _removed(
    file: StoredFile, key: KeptKey, store: FileStore, catalog: Catalog, grace_s: float
) -> bool:
    """Remove the file, unless a run has begun to rely on it since it was listed; whether it was removed."""
    async for now in store.list(file.key):
        if now.key == file.key and not _is_old(now, grace_s):
            return False
    if await _needed(catalog, {file: key}):
        return False
    await store.delete(file.key)
    return True


def _is_old(file: StoredFile, grace_s: float) -> bool:
    return time.time() - file.modified_at > grace_s
