"""Writes the migration from the newest one to what src/muniment/catalog/tables.py says now.

usage: python tools/new_migration.py WHAT CHANGES, for example "languages of documents"
"""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from muniment.catalog.migrations import scripts
from muniment.catalog.migrations.upgrade import configuration


def main(what: str) -> None:
    """Run all migrations on an empty database, and let Alembic compare."""
    number = f"{int(scripts.HEAD) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/catalog.db")
        with engine.begin() as connection:
            config = configuration(connection, scripts.OURS)
            command.upgrade(config, "head")
            command.revision(config, what, autogenerate=True, rev_id=number)
        engine.dispose()
    file = Path(scripts.__file__)
    source = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r'(?m)^HEAD = "\d+"', f'HEAD = "{number}"', source), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(" ".join(sys.argv[1:]))
