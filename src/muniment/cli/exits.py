"""Exit codes; docs/reference/cli.md lists them."""

from enum import IntEnum

from muniment.errors import InputError, MunimentError, NotFoundError


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    SOMETHING_TO_DO = 2
    DOCUMENTS_FAILED = 3
    ABSTAINED = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


def exit_code_of(error: MunimentError) -> ExitCode:
    """USAGE for what the caller must say differently, FAILED for everything else."""
    return ExitCode.USAGE if isinstance(error, InputError | NotFoundError) else ExitCode.FAILED
