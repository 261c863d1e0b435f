"""Files named ``.munimentignore``: what they list does not count, in the syntax of ``.gitignore``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".munimentignore"


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules in force in a folder: its own file's, over those of the folders above it.

    ``folder`` is its path inside the source, empty or ending in ``/``.
    """

    folder: str
    spec: "GitIgnoreSpec"
    above: "IgnoreRules | None"

    @classmethod
    def parse(cls, text: str, folder: str, above: "IgnoreRules | None") -> "IgnoreRules":
        """Rules from an ignore file's text; lines that mean nothing are skipped, as git does."""
        from pathspec import GitIgnoreSpec

        return cls(folder, GitIgnoreSpec.from_lines(text.splitlines()), above)

    def ignores(self, inside: str) -> bool:
        """Whether the path inside the source is left out; a folder's ends in ``/``.

        The nearest file that says anything about the path decides, and in it the last line.
        """
        rules: IgnoreRules | None = self
        while rules is not None:
            ignored = rules.spec.check_file(inside.removeprefix(rules.folder)).include
            if ignored is not None:
                return ignored
            rules = rules.above
        return False
