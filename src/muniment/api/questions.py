"""What a question must be, and which collection it goes to when it names none."""

from muniment.collections.workspace import Workspace
from muniment.errors import InputError
from muniment.settings import Settings


def checked_question(question: str, settings: Settings) -> str:
    """The question, without blanks around it.

    Raises:
        InputError: codes ``question_empty``, ``question_too_long``.
    """
    limit = settings.server.max_question_chars
    if len(question) > limit:
        raise InputError(
            f"The question has {len(question)} characters; at most {limit} are taken.",
            code="question_too_long",
            hint="Ask a shorter question, or raise server.max_question_chars.",
        )
    if not question.strip():
        raise InputError("The question is empty.", code="question_empty", hint="Ask in words.")
    return question.strip()


def none_declared() -> InputError:
    """There is no collection at all, and what to write so that there is one."""
    return InputError(
        "No collection is declared.",
        code="collection_required",
        hint="Write `collections: {documents: {sources: ./documents}}` into muniment.yaml "
        "(`muniment config init` writes an example), and start in its folder or name it with --config.",
    )


async def chosen_collection(workspace: Workspace, name: str | None) -> str:
    """``name``, or the only collection's.

    Raises:
        InputError: code ``collection_required``: none was named and there is not exactly one.
    """
    if name:
        return name
    known = [status.name for status in await workspace.collections()]
    if len(known) == 1:
        return known[0]
    if not known:
        raise none_declared()
    raise InputError(
        f"No collection is named, and there are {len(known)}.",
        code="collection_required",
        hint=f"Name one of: {', '.join(known)}.",
    )
