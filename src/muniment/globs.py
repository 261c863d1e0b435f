"""Which files of a source count: include and exclude globs, and what never counts."""

import re
from collections.abc import Iterable
from fnmatch import translate

INCLUDE = (
    "Globs of the files that count, tried on the path inside the source and on the file's name alone. "
    "`*` stands for any characters, `/` included; `?` for one; `[abc]` for one of these; `**/` for any "
    "number of folders, also none. Case matters."
)
"""Description of the option ``include``."""
EXCLUDE = "Globs that leave files out again; hidden files and folders, and names in `~$`, never count."
"""Description of the option ``exclude``."""


class Selection:
    """The files that count by their path inside the source, with ``/`` between folders.

    The rules are those of ``fnmatch``, so that ``*`` crosses ``/``; besides, ``**/`` matches no folder too.
    """

    def __init__(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        excluded = tuple(exclude)
        self._include = _any_of(include)
        self._exclude = _any_of(excluded)
        # What a glob that ends in * says of a folder, it says of everything below it.
        self._closed = _any_of(glob for glob in excluded if glob.endswith("*"))

    def counts(self, inside: str) -> bool:
        """Whether the file at this path counts, whatever folders it lies in are called."""
        name = inside.rpartition("/")[2]
        if not name or name.startswith((".", "~$")):
            return False
        return _fits(self._include, inside, name) and not _fits(self._exclude, inside, name)

    def enters(self, inside: str) -> bool:
        """Whether anything in the folder at this path can count."""
        hidden = inside.rpartition("/")[2].startswith(".")
        return not hidden and self._closed.match(f"{inside}/") is None

    def reaches(self, inside: str) -> bool:
        """Whether the file counts and lies in no hidden folder; for sources without real folders."""
        return self.counts(inside) and not any(part.startswith(".") for part in inside.split("/"))


def _fits(globs: re.Pattern[str], inside: str, name: str) -> bool:
    return globs.match(inside) is not None or globs.match(name) is not None


def _any_of(globs: Iterable[str]) -> re.Pattern[str]:
    """One expression for all; one that never matches when there are none."""
    alternatives = [translate(one) for glob in globs for one in _spelled_out(glob)]
    return re.compile("|".join(alternatives) or r"(?!)")


def _spelled_out(glob: str) -> list[str]:
    """The glob with and without each of its ``**/``."""
    head, found, tail = glob.partition("**/")
    if not found:
        return [glob]
    return [head + between + rest for rest in _spelled_out(tail) for between in ("", "**/")]
