"""Paths as one text for one place."""

import os
from pathlib import Path


def without_parents(path: Path) -> Path:
    """The absolute path that leads to the same place without any ``..``.

    Links are followed only where a ``..`` comes after them, as the system does; elsewhere they stay: a folder
    reached through a link keeps its name when the link is set to another one.
    """
    settled = Path(path.anchor) if path.is_absolute() else Path.cwd()
    for part in path.parts[1 if path.anchor else 0 :]:
        settled = Path(os.path.realpath(settled)).parent if part == ".." else settled / part
    return settled
