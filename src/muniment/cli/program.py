"""How the program was called, so that a command it prints can be copied and run."""

import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

NAME = "muniment"

_WRITTEN = re.compile(rf"`{NAME} (?=[a-z])")


def called_as(arguments: Sequence[str], original: Sequence[str]) -> str:
    """What stands before the command's name: ``muniment``, its path, or ``python -m muniment``.

    Args:
        arguments: ``sys.argv``.
        original: ``sys.orig_argv``, which has the interpreter as it was called.
    """
    script = Path(arguments[0] if arguments else "")
    if script.name == "__main__.py" and script.parent.name == NAME:
        return f"{shlex.quote(original[0])} -m {NAME}"
    if script.name != NAME or len(script.parts) < 2 or _is_found_by_name(script):
        return NAME
    return shlex.quote(str(script))


def _is_found_by_name(script: Path) -> bool:
    found = shutil.which(NAME)
    return found is not None and Path(found).absolute() == script.absolute()


def program() -> str:
    """``called_as`` of this process."""
    return called_as(sys.argv, sys.orig_argv)


def runnable(text: str) -> str:
    """The text with its commands in backticks, ``muniment …``, as they are called here."""
    return _WRITTEN.sub(lambda _: f"`{program()} ", text)
