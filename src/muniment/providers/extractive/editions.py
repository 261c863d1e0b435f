"""Of several editions of a document the newest answers."""

from muniment.language.editions import Excerpt, edition, names_edition, of_other_versions, superseded
from muniment.protocols import PromptPassage
from muniment.providers.extractive.question import Question


def of_latest_edition(question: Question, passages: tuple[PromptPassage, ...]) -> tuple[PromptPassage, ...]:
    """The passages without those that a newer edition of their document says anew.

    Editions are told by the documents' names and metadata (muniment.language.editions); a question that names
    a year or a version means that one: of a named version's document, others are left out.
    """
    found = [given.passage for given in passages]
    excerpts = [
        Excerpt(one.document_id, edition(one.document_name, one.metadata), one.chunk.text) for one in found
    ]
    named = names_edition(question.text)
    out = of_other_versions(question.text, excerpts) if named else superseded(excerpts)
    return tuple(given for place, given in enumerate(passages) if place not in out)
