"""Why a document is not searchable, without what its line says already."""

from pathlib import PurePosixPath

from muniment.cli.program import runnable

SUPPORTED = " Supported: "


def reason_of(name: str, error: str) -> str:
    """The error without the document's name at its beginning, and without the list of formats."""
    short = error.partition(SUPPORTED)[0]
    for form in (name, PurePosixPath(name).name):
        for written in (f"{form}: ", f"{form} ", f"{form!r}: ", f"{form!r} "):
            if short.startswith(written):
                return short.removeprefix(written)
    return short


def advice_of(error: str, hint: str) -> str:
    """What to do: the hint, behind the list of formats where the error has one; worth saying once."""
    _, supported, formats = error.partition(SUPPORTED)
    return runnable(f"{supported}{formats} {hint}".strip())
