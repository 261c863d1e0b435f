"""Writes files of questions, and accepts what was drafted in them."""

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from muniment.errors import InputError, NotFoundError, StorageError, is_disk_full
from muniment.evaluation.questions import read_questions
from muniment.types import JsonObject, LabelledQuestion


def row_of(question: LabelledQuestion) -> JsonObject:
    """The question as a row that ``read_questions`` reads back.

    Spans are written as quotes: characters of the document as it is parsed today may be others tomorrow.
    """
    row: JsonObject = {"id": question.id, "question": question.question}
    if question.answers:
        row["answers"] = list(question.answers)
    if question.documents:
        row["documents"] = list(question.documents)
    if question.pages:
        row["pages"] = [{"page": one.page, "document": one.document} for one in question.pages]
    if quoted := [one for one in question.spans if one.quote]:
        row["spans"] = [{"document": one.document, "quote": one.quote} for one in quoted]
    if question.unanswerable is not None:
        row["unanswerable"] = question.unanswerable
    if question.kind:
        row["kind"] = question.kind
    if question.drafted:
        row["drafted"] = True
    return row


def questions_in(file: Path) -> tuple[LabelledQuestion, ...]:
    """The questions of a file; none of one that is not there yet, or empty."""
    return read_questions(file) if file.exists() and file.stat().st_size else ()


def add_questions(file: Path, questions: Iterable[LabelledQuestion]) -> int:
    """Append those whose id is not in the file yet, which is made when it is not there; how many.

    Raises:
        InputError: codes ``not_json_lines``, ``invalid_questions``.
        StorageError: codes ``file_unwritable``, ``disk_full``.
    """
    _refuse_table(file)
    known = {one.id for one in questions_in(file)}
    rows = [row_of(one) for one in questions if one.id not in known]
    if not rows:
        return 0
    text = file.read_text(encoding="utf-8-sig") if known else ""
    if text and not text.endswith("\n"):
        text += "\n"
    _write(file, text + "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    return len(rows)


def settle(file: Path, *, accept: Collection[str] = (), reject: Collection[str] = ()) -> None:
    """Take ``drafted`` away from questions that were accepted, and remove those that were rejected.

    Everything else in the file stays as it is.

    Raises:
        InputError: codes ``not_json_lines``, ``invalid_questions``.
        NotFoundError: codes ``questions_not_found``, ``unknown_question``.
        StorageError: codes ``file_unwritable``, ``disk_full``.
    """
    _refuse_table(file)
    questions = iter(read_questions(file))
    named = {*accept, *reject}
    lines: list[str] = []
    found: set[str] = set()
    for line in file.read_text(encoding="utf-8-sig").split("\n"):
        if not line.strip():
            lines.append(line)
            continue
        question = next(questions)
        found |= {question.id} & named
        if question.id in reject:
            continue
        if question.id in accept and question.drafted:
            row = json.loads(line)
            del row["drafted"]
            line = json.dumps(row, ensure_ascii=False)
        lines.append(line)
    if missing := sorted(named - found):
        raise NotFoundError(
            f"{file.name} has no question {', '.join(missing[:5])}.",
            code="unknown_question",
            hint=f"`muniment questions review {file}` shows those that are drafted.",
        )
    _write(file, "\n".join(lines))


def _refuse_table(file: Path) -> None:
    if file.suffix.lower() in (".csv", ".tsv"):
        raise InputError(
            f"{file.name} is a table, which is not written here.",
            code="not_json_lines",
            hint="Use JSON Lines, such as questions.jsonl; in a table remove the word in `drafted`.",
        )


def _write(file: Path, text: str) -> None:
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(file)
    except OSError as error:
        raise StorageError(
            f"The questions cannot be written to {file}: {error.strerror}.",
            code="disk_full" if is_disk_full(error) else "file_unwritable",
            hint="Name another file.",
        ) from error
