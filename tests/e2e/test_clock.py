"""A clock that is set forwards or back by hours: nothing is lost, and nobody waits for those hours."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from workspaces import Open, found, ingest, row_ids

from muniment.catalog import Catalog
from muniment.catalog.leases import AHEAD_S
from muniment.collections.local import LocalWorkspace

HOURS = 5 * 3600


@pytest.fixture
def catalog(catalog_uri: str) -> Iterator[Catalog]:
    opened = Catalog.open(catalog_uri)
    yield opened
    opened.close()


def set_clock(catalog: Catalog, seconds: float) -> None:
    """Set the database's clock forwards, or back, as far as leases can tell."""
    with catalog.database.transaction() as connection:
        moved = text("UPDATE leases SET expires_at = expires_at - :seconds")
        connection.execute(moved, {"seconds": seconds})


def test_leases_of_the_dead_end_although_the_clock_is_set_back(catalog: Catalog) -> None:
    catalog.leases.take(["a"], "dead", 30)
    set_clock(catalog, -HOURS)
    assert catalog.leases.take(["a"], "alive", 30) == {"a"}
    assert catalog.leases.take(["a"], "another", 30) == set()


def test_a_small_step_back_takes_no_lease_from_anybody(catalog: Catalog) -> None:
    catalog.leases.take(["a"], "one", 30)
    set_clock(catalog, -AHEAD_S / 2)
    assert catalog.leases.take(["a"], "two", 30) == set()
    catalog.leases.renew("one", 30)
    assert catalog.leases.take(["a"], "two", 30) == set()


@pytest.mark.parametrize("seconds", [HOURS, -HOURS])
def test_who_lost_a_lease_by_a_jump_writes_nothing_and_who_kept_it_may(
    catalog: Catalog, seconds: float
) -> None:
    leases = catalog.leases
    leases.take(["a", "b"], "one", 30)
    set_clock(catalog, seconds)
    assert leases.take(["a"], "two", 30) == {"a"}
    with catalog.database.transaction() as connection:
        assert leases.held_in(connection, "one", ["a", "b"]) == {"b"}
    leases.renew("one", 30)
    assert leases.take(["b"], "two", 30) == set()


@pytest.mark.parametrize("times", [("2026-05-01", "2026-01-01"), ("2026-01-01", "2031-01-01")])
async def test_runs_before_and_after_a_jump_do_neither_too_little_nor_too_much(
    open_docs: Open, docs: Path, times: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalog writes down times; which document is which must not depend on their order."""
    before, after = (f"{day}T00:00:00.000Z" for day in times)

    def at(time: str) -> None:
        for module in ("documents", "generations", "runs"):
            name = f"muniment.catalog.{module}.now"
            monkeypatch.setattr(name, lambda: time, raising=False)
        for module in (
            "muniment.ingest.run",
            "muniment.collections.planning",
            "muniment.collections.reconcile",
        ):
            monkeypatch.setattr(f"{module}.now", lambda: time)

    at(before)
    async with open_docs() as workspace:
        assert (await ingest(workspace)).done == 3
    at(after)
    async with open_docs() as workspace:
        rows = await row_ids(workspace)
        assert (await ingest(workspace)).unchanged == 3
        await change(workspace, docs)
        assert len(await row_ids(workspace)) == len(rows) - 1
        assert await found(workspace, "paid leave in weeks") != []
        again = await ingest(workspace)
        assert (again.done, again.removed, again.seconds >= 0) == (0, 0, True)
    async with open_docs() as workspace:
        assert (await workspace.collection("docs")).mended == ()


async def change(workspace: LocalWorkspace, docs: Path) -> None:
    """One changed, one renamed, one gone."""
    (docs / "leave.txt").write_text("Paid leave in weeks: six.")
    (docs / "pumps.txt").rename(docs / "machines.txt")
    (docs / "travel.txt").unlink()
    run = await ingest(workspace)
    assert (run.done, run.removed, run.failed) == (2, 1, 0)
