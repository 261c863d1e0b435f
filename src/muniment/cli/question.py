"""What ``ask`` and ``search`` were given: a collection, a question, or the one without the other."""

from muniment.api.questions import checked_question, chosen_collection
from muniment.collections.workspace import Workspace
from muniment.errors import InputError
from muniment.settings import Settings


def split_arguments(first: str | None, second: str | None, *, command: str) -> tuple[str | None, str]:
    """The collection, if it is named, and the question, from a command's one or two arguments.

    Raises:
        InputError: code ``question_empty``: there are none.
    """
    if first is None:
        raise InputError(
            f"The {'query' if command == 'search' else 'question'} is missing.",
            code="question_empty",
            hint=f'Put it behind the command, in quotes: `muniment {command} "…"`.',
        )
    return (first, second) if second is not None else (None, first)


async def question_to(
    workspace: Workspace, settings: Settings, collection: str | None, question: str, *, command: str
) -> tuple[str, str]:
    """The collection and the question, both checked.

    Raises:
        InputError: codes ``question_empty`` (also when all that was given is a collection's name),
            ``question_too_long`` and ``collection_required``.
    """
    question = checked_question(question, settings)
    if collection is None and question in {status.name for status in await workspace.collections()}:
        raise InputError(
            f"{question!r} is a collection; what is the question?",
            code="question_empty",
            hint=f'Put it behind the collection, in quotes: `muniment {command} {question} "…"`.',
        )
    return await chosen_collection(workspace, collection), question
