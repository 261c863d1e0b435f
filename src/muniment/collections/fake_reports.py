"""The reports of a workspace in memory."""

from muniment.collections.reports import not_evaluated, refuse_unusable
from muniment.errors import unknown_name
from muniment.types import EvaluationReport


class FakeReports:
    """The last report of each collection.

    Args:
        collections: their names.
    """

    def __init__(self, collections: list[str]) -> None:
        self._reports: dict[str, EvaluationReport | None] = dict.fromkeys(collections)

    async def keep_report(self, collection: str, report: EvaluationReport) -> None:
        """Keep it in place of the last."""
        self._known(collection)
        refuse_unusable(collection, report)
        self._reports[collection] = report

    async def quality(self, collection: str) -> EvaluationReport:
        """The last report."""
        if (report := self._known(collection)) is None:
            raise not_evaluated(collection)
        return report

    def _known(self, collection: str) -> EvaluationReport | None:
        if collection not in self._reports:
            raise unknown_name("collection", collection, list(self._reports))
        return self._reports[collection]
