"""Which migrations there are."""

from dataclasses import dataclass
from pathlib import Path

HEAD = "0007"
"""The newest migration. Known here, so that a start with an up-to-date catalog does not import Alembic."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of migrations, ``NNNN_what.py``, and the number of the newest."""

    folder: Path
    head: str

    def known(self) -> set[str]:
        """The versions that a catalog can be brought to the newest from."""
        return {script.name.partition("_")[0] for script in self.folder.glob("[0-9]*.py")}


OURS = Migrations(Path(__file__).parent / "versions", HEAD)
