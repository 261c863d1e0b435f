"""Reports of evaluations, kept for each collection."""

import asyncio

from muniment.collections.parts import Parts
from muniment.errors import InputError, NotFoundError
from muniment.evaluation.metrics import BY_NAME
from muniment.evaluation.stored import report_from_json, report_to_json
from muniment.types import EvaluationReport


class Reports:
    """The last reports of all collections."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def keep(self, collection: str, report: EvaluationReport) -> None:
        """See ``Workspace.keep_report``."""
        self._parts.runtime(collection)
        refuse_unusable(collection, report)
        data = await asyncio.to_thread(report_to_json, report)
        await asyncio.to_thread(
            self._parts.catalog.evaluations.save,
            collection,
            report.id,
            report.subject.generation,
            report.created_at,
            data,
        )

    async def latest(self, collection: str, generation: int | None = None) -> EvaluationReport:
        """The newest report, or the newest of one generation; see ``Workspace.quality``."""
        self._parts.runtime(collection)
        data = await asyncio.to_thread(self._parts.catalog.evaluations.latest, collection, generation)
        if data is None:
            raise not_evaluated(collection)
        return await asyncio.to_thread(report_from_json, data)


def refuse_unusable(collection: str, report: EvaluationReport) -> None:
    """A report of another collection, or with metrics that nobody knows; InputError ``invalid_report``."""
    named = {metric.name for metric in report.metrics} | {finding.metric for finding in report.gate}
    if report.comparison is not None:
        named |= {difference.name for difference in report.comparison.differences}
    if unknown := named - BY_NAME.keys():
        raise InputError(
            f"The report has metrics that are not known here: {', '.join(sorted(unknown))[:200]}.",
            code="invalid_report",
            hint="Evaluate with the version of Muniment that serves.",
        )
    if report.subject.collection != collection:
        raise InputError(
            f"The report is one of {report.subject.collection[:60]!r}, not of {collection!r}.",
            code="invalid_report",
            hint="Send it to the collection that it is of.",
        )


def not_evaluated(collection: str) -> NotFoundError:
    """There is no report of the collection."""
    return NotFoundError(
        f"Collection {collection!r} has not been evaluated.",
        code="not_evaluated",
        hint=f"Measure it with `muniment evaluate {collection} --questions FILE`.",
    )
