"""Keeps the results of a run that is under way, so that one which is killed goes on where it was."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from muniment.errors import StorageError, is_disk_full
from muniment.evaluation.stored import result_from_line, result_to_line
from muniment.types import EvaluatedWith, LabelledQuestion, QuestionResult


class Journal:
    """A file of results: on its first line what was evaluated, then one result a line.

    A file of something else is begun anew: results of other documents or settings say nothing of these.

    Args:
        file: where it is; its folder is made.
        subject: what is evaluated.

    Raises:
        StorageError: codes ``file_unwritable``, ``disk_full``.
    """

    def __init__(self, file: Path, subject: EvaluatedWith) -> None:
        self._file = file
        self._head = json.dumps({"fingerprint": subject.fingerprint}).encode() + b"\n"
        self.begun_anew = False
        """Whether there were results that cannot be used, because something has changed since."""
        with _told(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
        self._kept = dict(self._results(lines))
        with _told(file):
            self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            for line in (self._head, *map(result_to_line, self._kept.values())):
                os.write(self._descriptor, line)

    def _results(self, lines: list[bytes]) -> Iterator[tuple[str, QuestionResult]]:
        if lines and lines[0] != self._head:
            self.begun_anew = len(lines) > 1
            return
        for line in lines[1:]:
            if (result := result_from_line(line)) is not None:
                yield result.question.id, result

    def known(self, questions: Mapping[str, LabelledQuestion]) -> dict[str, QuestionResult]:
        """The results by id, of those questions that are still the same."""
        return {name: result for name, result in self._kept.items() if questions.get(name) == result.question}

    def keep(self, result: QuestionResult) -> None:
        """Add a result, at once."""
        with _told(self._file):
            os.write(self._descriptor, result_to_line(result))

    def close(self, *, finished: bool) -> None:
        """Let go of the file, and remove it when the run is at its end."""
        os.close(self._descriptor)
        if finished:
            self._file.unlink(missing_ok=True)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The results cannot be written to {file}: {error.strerror}.",
            code="disk_full" if is_disk_full(error) else "file_unwritable",
            hint="Make room there, or make the folder writable.",
        ) from error
