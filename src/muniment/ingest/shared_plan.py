"""Plans in the store of kept files, where workers on other machines find them by id.

A plan is kept in pieces, so that neither writing nor reading it holds all its changes in memory. The
piece with the number 0 says how many there are; it is written last, so that half a plan is none.
"""

import asyncio
import zlib
from pathlib import Path

from pydantic import ValidationError

from muniment.errors import NotFoundError, StorageError
from muniment.ingest.kept_files import KeptFiles
from muniment.ingest.plan_text import change_json, change_of, plan_json, plan_of
from muniment.ingest.spool import Spool
from muniment.types import Change, Plan

CHANGES_IN_PIECE = 20_000


async def share_plan(kept: KeptFiles, spool: Spool, plan: Plan) -> None:
    """Keep a sealed plan with all its changes.

    Raises:
        StorageError, UnavailableError: see ``FileStore.put``.
    """
    pieces, after = 0, ""
    while page := await asyncio.to_thread(spool.page, after, CHANGES_IN_PIECE):
        pieces += 1
        await kept.save_plan_piece(plan.id, pieces, await asyncio.to_thread(_packed, page))
        after = page[-1].uri
    await kept.save_plan_piece(plan.id, 0, zlib.compress(f"{pieces}\n{plan_json(plan)}".encode()))


async def fetch_plan(kept: KeptFiles, plan_id: str, target: Path) -> bool:
    """Make a spool at ``target`` of the plan kept under this id; False when none is.

    Raises:
        StorageError: code ``storage_failed``: what is kept is damaged.
        UnavailableError: the store does not answer.
    """
    try:
        head = await kept.load_plan_piece(plan_id, 0)
    except NotFoundError:
        return False
    try:
        await _unpack(kept, plan_id, head, target)
    except (zlib.error, ValueError, ValidationError, NotFoundError) as error:
        raise StorageError(
            f"The plan {plan_id} in the file store is damaged.",
            hint="Make it anew with `muniment plan --share`.",
        ) from error
    return True


async def _unpack(kept: KeptFiles, plan_id: str, head: bytes, target: Path) -> None:
    pieces, _, line = zlib.decompress(head).decode().partition("\n")
    plan = plan_of(line)
    spool = await asyncio.to_thread(Spool, target)
    try:
        for number in range(1, int(pieces) + 1):
            data = await kept.load_plan_piece(plan_id, number)
            await asyncio.to_thread(_add, spool, data)
        await asyncio.to_thread(spool.index)
        await asyncio.to_thread(spool.seal, plan)
    finally:
        await asyncio.to_thread(spool.close)


def _add(spool: Spool, data: bytes) -> None:
    lines = zlib.decompress(data).decode().split("\n")
    spool.add(change_of(line) for line in lines)


def _packed(changes: tuple[Change, ...]) -> bytes:
    return zlib.compress("\n".join(change_json(change) for change in changes).encode(), 6)
