"""Settings as a YAML file that tells its story."""

import textwrap
from collections.abc import Iterator

import yaml

from muniment.moving.remarks import Outcome, Remark
from muniment.moving.translation import Translation

_WIDTH = 100
_HEAD = """\
# Muniment's settings, made from {source}. `muniment config check` checks them;
# docs/reference/settings.md describes every key. Remarks on what changed, and on what could not be carried
# over, stand at the end. Keys and passwords are not in here: they come from the variables named.
"""
_TITLES = {
    Outcome.CHANGED: "What is not quite as it was:",
    Outcome.LEFT: "What could not be carried over:",
}


def settings_text(translation: Translation, source: str) -> str:
    """The file's text; ``source`` is the run.yaml's name."""
    body = yaml.safe_dump(
        translation.values, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_WIDTH
    )
    remarks = [line for outcome in _TITLES for line in _section(outcome, translation.of(outcome))]
    return "\n".join([_HEAD.format(source=_one_line(source)), body, *remarks]).rstrip() + "\n"


def _section(outcome: Outcome, remarks: tuple[Remark, ...]) -> Iterator[str]:
    if remarks:
        yield f"# {_TITLES[outcome]}"
        for remark in remarks:
            said = _one_line(f"{remark.what}: {remark.detail}")
            yield from textwrap.wrap(
                said, _WIDTH, initial_indent="# - ", subsequent_indent="#   ", break_on_hyphens=False
            )
        yield "#"


def _one_line(text: str) -> str:
    """The text without line breaks, which would end a comment."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
