"""Reads files of labelled questions: JSON Lines or CSV."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from muniment.errors import InputError, NotFoundError
from muniment.evaluation.question_row import RowError, question_of
from muniment.types import LabelledQuestion

SHOWN_PROBLEMS = 5
SEPARATOR = ";"
"""Between several values in one cell of a CSV file."""
LISTS = ("documents", "pages", "spans", "quotes", "answers")
_HINT = (
    "Each row needs a question and may have answer, documents, pages, spans, quote, unanswerable; "
    "see docs/guides/measure-quality.md."
)


def read_questions(file: Path) -> tuple[LabelledQuestion, ...]:
    """The questions of a file, drafted ones too; CSV where its name ends so, else JSON Lines.

    Raises:
        NotFoundError: code ``questions_not_found``.
        InputError: code ``invalid_questions``: what is wrong, by line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no questions file {file}.",
            code="questions_not_found",
            hint="Name a JSON Lines or CSV file with --questions.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(
            f"The questions file {file} cannot be read: {why}.", code="invalid_questions", hint=_HINT
        ) from error
    return parse_questions(text, name=file.name, as_csv=file.suffix.lower() in (".csv", ".tsv"))


def parse_questions(
    text: str, *, name: str = "questions", as_csv: bool = False
) -> tuple[LabelledQuestion, ...]:
    """The questions of a text; see ``read_questions``.

    A question without an id gets one that is made of its words, so that it stays when rows come and go.
    """
    rows = _csv_rows(text) if as_csv else _json_rows(text)
    questions: list[LabelledQuestion] = []
    problems: list[str] = []
    for line, row in rows:
        try:
            if isinstance(row, RowError):
                raise row
            questions.append(question_of(row))
        except RowError as error:
            problems.append(f"line {line}: {error}")
    questions = list(_with_ids(questions))
    repeated = [one for one, count in Counter(question.id for question in questions).items() if count > 1]
    problems += [f"the id {one!r} stands in more than one row" for one in repeated]
    if not questions and not problems:
        problems = ["it holds no question"]
    if problems:
        more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise InputError(
            f"{name}: {'; '.join(problems[:SHOWN_PROBLEMS])}{more}.", code="invalid_questions", hint=_HINT
        )
    return tuple(questions)


def counted(
    questions: Iterable[LabelledQuestion], *, with_drafted: bool = False
) -> tuple[LabelledQuestion, ...]:
    """Those that an evaluation counts: accepted by a person, unless drafted ones are asked for.

    Raises:
        InputError: code ``no_questions``: all are drafted.
    """
    chosen = tuple(question for question in questions if with_drafted or not question.drafted)
    if not chosen:
        raise InputError(
            "Every question of the file is drafted, so that none counts.",
            code="no_questions",
            hint="Read them, take `drafted` away from those that are right, or count them with --drafted.",
        )
    return chosen


def _with_ids(questions: Sequence[LabelledQuestion]) -> Iterator[LabelledQuestion]:
    used: Counter[str] = Counter()
    for question in questions:
        if question.id:
            yield question
            continue
        made = f"q-{blake2b(question.question.encode(), digest_size=4).hexdigest()}"
        used[made] += 1
        yield replace(question, id=made if used[made] == 1 else f"{made}-{used[made]}")


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, object] | RowError]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield number, RowError(f"not JSON: {error}")
            continue
        yield number, row if isinstance(row, dict) else RowError("not a JSON object")


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, object] | RowError]]:
    header = text.partition("\n")[0]
    # A header holds no values, so that the delimiter is what stands there most often.
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if None in cells:
                yield reader.line_num, RowError("more cells than the header has columns")
            else:
                yield reader.line_num, {key.strip(): _cell(key.strip(), cells[key]) for key in cells}
    except csv.Error as error:
        yield reader.line_num, RowError(f"not CSV: {error}")


def _cell(column: str, value: str | None) -> object:
    if not value or not value.strip():
        return None
    if column in LISTS:
        return [part.strip() for part in value.split(SEPARATOR) if part.strip()]
    return value
