"""Evaluates a collection through its workspace, in this process or behind a server."""

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import muniment
from muniment.answer.events import Finished
from muniment.catalog.clock import now
from muniment.collections.label_check import LabelCheck
from muniment.collections.workspace import Workspace
from muniment.errors import ConflictError
from muniment.evaluation import Evaluator
from muniment.evaluation.journal import Journal
from muniment.types import (
    Answer,
    CollectionState,
    CollectionStatus,
    EvaluatedWith,
    EvaluationEvent,
    EvaluationFinished,
    LabelledQuestion,
    Passage,
)

LISTED_AT_A_TIME = 1000
AT_A_TIME = 2
"""Questions under way. More would wait for each other, and the times measured be those of waiting."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a collection is evaluated.

    Attributes:
        questions_name: what the report calls the questions.
        generator, top_k: as of ``Workspace.answer``.
        answers: whether answers are measured, and not searches alone.
        at_a_time: questions under way at the same time.
        settings: what else results depend on, in any words; another text begins a killed run anew.
        journal: file of results for runs that are killed; none are kept when omitted.
    """

    questions_name: str = ""
    generator: str | None = None
    top_k: int | None = None
    answers: bool = True
    at_a_time: int = AT_A_TIME
    settings: str = ""
    journal: Path | None = None


async def evaluate(
    workspace: Workspace, collection: str, questions: Sequence[LabelledQuestion], asked: Asked
) -> AsyncGenerator[EvaluationEvent, None]:
    """Evaluate the collection's live generation; see ``Evaluator.run``.

    Raises:
        NotFoundError: code ``unknown_collection``.
        ConflictError: code ``collection_empty``.
        StorageError: the journal cannot be written.
        MunimentError: as of ``Evaluator.run``.
    """
    status = await workspace.collection(collection)
    refuse_empty(status)
    contents, found = await _looked_through(workspace, collection, questions)
    subject = subject_of(status, contents, questions, asked)
    notes = [*found, *_not_ready(status)]
    journal = Journal(asked.journal, subject) if asked.journal is not None else None
    if journal is not None and journal.begun_anew:
        notes.append("An earlier run was broken off, and what it evaluated has changed since: begun anew.")
    evaluator = evaluator_of(workspace, collection, asked)
    events = evaluator.run(
        questions,
        subject,
        before=journal.known({one.id: one for one in questions}) if journal else None,
        keep=journal.keep if journal else None,
        notes=notes,
        created_at=now(),
    )
    finished = False
    try:
        async with aclosing(events):
            async for event in events:
                finished = isinstance(event, EvaluationFinished)
                yield event
    finally:
        if journal is not None:
            journal.close(finished=finished)


def evaluator_of(workspace: Workspace, collection: str, asked: Asked) -> Evaluator:
    """An evaluator of the collection as the workspace answers from it."""

    async def search(question: str, limit: int) -> tuple[Passage, ...]:
        return (await workspace.search(collection, question, limit=limit)).passages

    async def answer(question: str) -> Answer:
        events = workspace.answer(collection, question, generator=asked.generator, top_k=asked.top_k)
        async for event in events:
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("an answer always ends with Finished or an error")

    return Evaluator(search, answer if asked.answers else None, at_a_time=asked.at_a_time)


def subject_of(
    status: CollectionStatus, contents: str, questions: Iterable[LabelledQuestion], asked: Asked
) -> EvaluatedWith:
    """What is evaluated; its fingerprint changes with documents, settings, questions and version.

    Args:
        contents: changes when the documents do.
    """
    generator = asked.generator or status.generator
    parts = [
        muniment.__version__,
        status.name,
        status.generation,
        status.embedding_model,
        contents,
        [generator if asked.answers else "", asked.top_k or status.top_k, asked.settings],
        [repr(question) for question in questions],
    ]
    return EvaluatedWith(
        collection=status.name,
        fingerprint=sha256(json.dumps(parts).encode()).hexdigest(),
        questions=asked.questions_name,
        generation=status.generation,
        embedding_model=status.embedding_model,
        generator=generator if asked.answers else "",
        documents=status.documents,
        chunks=status.chunks,
        version=muniment.__version__,
    )


async def _looked_through(
    workspace: Workspace, collection: str, questions: Iterable[LabelledQuestion]
) -> tuple[str, tuple[str, ...]]:
    """A hash of all documents, and notes on the labels that fit none."""
    check, contents, after = LabelCheck(questions), sha256(), ""
    while True:
        listed = await workspace.documents(collection, limit=LISTED_AT_A_TIME, after=after)
        for document in listed:
            contents.update(f"{document.name}\0{document.document_id}\0{document.chunks}\0".encode())
            check.add(document)
        if len(listed) < LISTED_AT_A_TIME:
            notes = await check.notes(lambda document_id: workspace.parsed(collection, document_id))
            return contents.hexdigest(), notes
        after = listed[-1].name


def _not_ready(status: CollectionStatus) -> tuple[str, ...]:
    if status.state is CollectionState.READY:
        return ()
    return (f"The collection was {status.state} when this began; what is not yet in cannot be found.",)


def refuse_empty(status: CollectionStatus) -> None:
    """A collection without documents has nothing to ask about; ConflictError ``collection_empty``."""
    if not status.chunks:
        raise ConflictError(
            f"Collection {status.name!r} holds nothing yet that could be found.",
            code="collection_empty",
            hint=f"Fill it first: muniment ingest {status.name}; `muniment status` says what it holds.",
        )
