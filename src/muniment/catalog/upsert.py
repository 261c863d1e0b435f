"""Writing a row that may be there already: in one statement, so that two who write it at once both can."""

from collections.abc import Mapping

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    values: Mapping[str, object],
    replacing: Mapping[str, object] | None = None,
) -> None:
    """Insert the row ``values``, or replace the one with its primary key.

    Args:
        replacing: what columns of a row that is there become; ``values`` when omitted.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    key = list(table.primary_key.columns)
    row = dialect.insert(table).values(**values)
    connection.execute(row.on_conflict_do_update(index_elements=key, set_=dict(replacing or values)))
