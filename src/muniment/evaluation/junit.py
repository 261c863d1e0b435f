"""Reports as JUnit XML, which CI servers show."""

from xml.etree import ElementTree

from muniment.evaluation.gate import gate_words
from muniment.evaluation.metrics import BY_NAME
from muniment.types import EvaluationReport, GateFinding, MetricDifference, QuestionResult


def junit_of(report: EvaluationReport) -> bytes:
    """A test suite of the gate's metrics, one of what got worse, and one of the questions.

    A metric that the gate asks for and that is not met is a failure, and so is one that got significantly
    worse. A question that could not be asked is an error. One that was answered wrongly is told in its
    output and fails nothing: how many may be wrong is the gate's to say.
    """
    root = ElementTree.Element("testsuites", name=f"muniment evaluate {report.subject.collection}")
    if report.gate:
        suite = _suite(root, "gate", len(report.gate), sum(not one.met for one in report.gate))
        for finding in report.gate:
            _gate_case(suite, report, finding)
    if report.comparison is not None:
        worse = {one.name for one in report.comparison.worse}
        differences = report.comparison.differences
        suite = _suite(root, "comparison", len(differences), len(worse))
        for difference in differences:
            _difference_case(suite, difference, failed=difference.name in worse)
    suite = _suite(root, "questions", len(report.results), 0, len(report.failed))
    for result in report.results:
        _question_case(suite, result)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def _suite(
    root: ElementTree.Element, name: str, tests: int, failures: int, errors: int = 0
) -> ElementTree.Element:
    counts = {"tests": str(tests), "failures": str(failures), "errors": str(errors)}
    return ElementTree.SubElement(root, "testsuite", {"name": name, **counts})


def _gate_case(suite: ElementTree.Element, report: EvaluationReport, finding: GateFinding) -> None:
    name = f"{finding.metric} (fall)" if finding.fall else finding.metric
    case = ElementTree.SubElement(suite, "testcase", classname="gate", name=name)
    if finding.fall:
        _child(case, "system-out" if finding.met else "failure", gate_words(finding))
        return
    metric = report.metric(finding.metric)
    if metric is None:
        told = "these questions do not let it be measured"
    else:
        told = f"{metric.value:.4g} [{metric.low:.4g}, {metric.high:.4g}], {metric.questions} questions"
    if not finding.met:
        bound = "at least" if BY_NAME[finding.metric].higher_is_better else "at most"
        _child(case, "failure", f"{told}; wanted is {bound} {finding.wanted:g}")
    else:
        _child(case, "system-out", told)


def _difference_case(suite: ElementTree.Element, one: MetricDifference, *, failed: bool) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="comparison", name=one.name)
    # Times are compared by their mean, although the case has the name of the median.
    unit = " ms, mean" if BY_NAME[one.name].timing else ""
    told = (
        f"{one.before:.4g} to {one.after:.4g}{unit}, {one.difference:+.4g} [{one.low:+.4g}, {one.high:+.4g}]"
    )
    _child(case, "failure" if failed else "system-out", f"{told}, p = {one.p_value:.3g}")


def _question_case(suite: ElementTree.Element, result: QuestionResult) -> None:
    question = result.question
    seconds = (result.timings.get("search", 0.0) + result.timings.get("answer", 0.0)) / 1000
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"questions.{question.kind or 'all'}",
        name=_legal(f"{question.id}: {question.question}"),
        time=f"{seconds:.3f}",
    )
    if result.failed:
        _child(case, "error", f"{result.error_code}: {result.error}")
    else:
        values = ", ".join(f"{name} {value:.3g}" for name, value in result.values.items())
        _child(case, "system-out", f"{result.verdict} {values}".strip())


def _child(case: ElementTree.Element, tag: str, text: str) -> None:
    child = ElementTree.SubElement(case, tag)
    if tag == "system-out":
        child.text = _legal(text)
    else:
        child.set("message", _legal(text))


def _legal(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return "".join(
        one
        for one in text
        if one in "\t\n" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one > "\uffff"
    )
