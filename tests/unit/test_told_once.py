"""What the command line logs while a command runs: every trouble once, and none that its error tells."""

import asyncio
import logging

import pytest

from muniment.cli import log_lines as lines
from muniment.cli.output import print_error
from muniment.errors import DocumentError, StorageError, UnavailableError

logger = logging.getLogger("muniment.somewhere")
DOWN = "The store at http://store does not answer."


def test_a_trouble_that_others_mention_too_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        logger.warning("%s Start it.", DOWN)
        logger.error("Collection c cannot be used: %s Start it.", DOWN)
        logger.warning("%s Start it.", DOWN)
        logger.warning("The disk is nearly full.")

    with lines.log_lines():
        asyncio.run(work())
    told = capsys.readouterr().err
    assert told.count(DOWN) == 1
    assert told.splitlines()[-1] == "The disk is nearly full."


def test_an_error_is_not_told_by_the_log_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> None:
        logger.error("Collection c cannot be used: %s", DOWN)
        logger.warning("Something else.")

    with lines.log_lines():
        asyncio.run(work())
        print_error(UnavailableError(DOWN, hint="Start it."))
    told = capsys.readouterr().err
    assert told.count(DOWN) == 1
    assert "Something else." in told


def test_a_long_run_tells_of_trouble_when_it_comes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "HELD_S", 0.0)

    async def work() -> str:
        logger.warning("The run waits for the store.")
        await asyncio.sleep(0.01)
        return capsys.readouterr().err

    with lines.log_lines():
        assert "The run waits for the store." in asyncio.run(work())
    assert capsys.readouterr().err == ""


def test_what_is_logged_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with lines.log_lines():
        logger.warning("A name: \x1b[31mred")
    assert "\x1b" not in capsys.readouterr().err


def test_after_a_command_nothing_is_held_any_more(capsys: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger("muniment").handlers)
    with lines.log_lines():
        lines.leave_to_root()
        logger.warning("A server has a log of its own.")
    assert capsys.readouterr().err == ""
    assert logging.getLogger("muniment").handlers == before


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("S3 said: internal error, please try again..", "S3 said: internal error, please try again."),
        ("It said: no.. Then it ended.", "It said: no. Then it ended."),
        ("Wait...", "Wait..."),
        ("The path ../a/.. leads out.", "The path ../a/.. leads out."),
        ("Characters 1..9 and `..` are meant.", "Characters 1..9 and `..` are meant."),
    ],
)
def test_a_sentence_ends_once(message: str, told: str) -> None:
    for kind in (StorageError, DocumentError):
        error = kind(message, hint=message)
        assert (error.message, str(error), error.hint) == (told, told, told)
