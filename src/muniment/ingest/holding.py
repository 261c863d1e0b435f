"""Which documents stay although no source lists them: those of a source that suddenly lists nothing at all.

An unmounted folder and a mistyped prefix look like a source whose files were all deleted. What nobody asked
to remove stays, and whoever looks is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from muniment.errors import ConflictError
from muniment.protocols import ScopedSource, Source
from muniment.types import Plan

_CHECK = (
    "Check that the folder is mounted, and `path`, `prefix`, `include` and `exclude` in the collection's "
    "sources. If the files are gone on purpose:"
)


@dataclass(frozen=True, slots=True)
class Holding:
    """The sources of a collection, and the numbers of those that list nothing."""

    sources: Sequence[Source]
    empty: tuple[int, ...]

    def holds(self, uri: str) -> bool:
        """Whether the document under this URI may be one of an empty source.

        It is when the source says so. It may also be when no source that lists something says that it is
        its own: a source whose address was changed knows nothing of the documents it had at the old one.
        """
        if not self.empty:
            return False
        owners = [
            number
            for number, source in enumerate(self.sources)
            if isinstance(source, ScopedSource) and source.holds(uri)
        ]
        return not owners or not set(self.empty).isdisjoint(owners)


def held_back(plan: Plan) -> ConflictError | None:
    """What is to be told of a plan that holds documents back; None when it holds none."""
    if not plan.held_back:
        return None
    return ConflictError(
        f"{plan.collection}: {sources_in_words(plan.empty_sources)} no files at all, but the "
        f"collection holds {plan.held_back} documents that were listed before. They were kept.",
        code="source_empty",
        hint=f"{_CHECK} muniment ingest {plan.collection} --allow-empty.",
    )


def incomplete(plan: Plan) -> ConflictError:
    """The error for building a generation that would lack the documents of an empty source."""
    return ConflictError(
        f"{plan.collection}: {sources_in_words(plan.empty_sources)} no files at all; a new "
        "index would lack documents that the live one holds.",
        code="source_empty",
        hint=f"{_CHECK} first muniment ingest {plan.collection} --allow-empty.",
    )


def sources_in_words(numbers: Sequence[int]) -> str:
    """The sources by their number in the settings, and a verb for them."""
    listed = ", ".join(map(str, numbers))
    return f"source {listed} lists" if len(numbers) == 1 else f"sources {listed} list"
