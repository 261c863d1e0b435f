"""Of several editions of a document the newest answers."""

from muniment.language.editions import edition, names_edition
from muniment.protocols import PromptPassage
from muniment.providers.extractive.question import Question


def of_latest_edition(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages without those of documents that stand beside a newer edition of themselves.

    Editions are told by the documents' names and metadata (muniment.language.editions); a question that names
    a year or a version means that one.
    """
    if names_edition(question.text):
        return passages
    known = [edition(given.passage.document_name, given.passage.metadata) for given in passages]
    return tuple(
        given
        for given, mine in zip(passages, known, strict=True)
        if not any(other.family == mine.family and other.newer_than(mine) for other in known)
    )
