"""Reports as one HTML page that needs nothing from elsewhere and runs no script."""

from html import escape
from importlib.resources import files

from muniment.evaluation.gate import gate_failures
from muniment.evaluation.html_report.plots import difference_bar, interval_bar, plots_of
from muniment.evaluation.html_report.questions import questions_of
from muniment.evaluation.metrics import BY_NAME, compared_title, compared_value
from muniment.types import EvaluationReport, Metric, MetricUnit, QuestionResult

STYLE = (files("muniment.evaluation.html_report") / "style.css").read_text(encoding="utf-8")
"""What stands between the page's ``style`` tags."""

HEADS = (
    "recall_at_5",
    "ndcg_at_10",
    "page_hit_at_5",
    "citation_precision",
    "right_answers",
    "abstention_recall",
)
KIND_METRICS = (
    "recall_at_5",
    "ndcg_at_10",
    "citation_recall",
    "right_answers",
    "answered",
    "abstention_recall",
)


def html_of(report: EvaluationReport) -> str:
    """The page."""
    title = escape(f"Quality of {report.subject.collection}")
    sections = (
        _heads(report),
        _notes(report),
        _gate(report),
        _calibration(report),
        _plots(report),
        _section("Metrics", _metrics(report)),
        _comparison(report),
        _kinds(report),
        _section("Questions", questions_of(report)),
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{title}</title>\n<style>{STYLE}</style></head>\n<body>'
        f"<header><div><h1>{title}</h1>{_subject(report)}</div></header>\n<main>{''.join(sections)}"
        f"<footer>Report {escape(report.id)}, Muniment {escape(report.subject.version)}. "
        "Intervals are 95% bootstrap intervals over questions.</footer></main></body></html>\n"
    )


def _subject(report: EvaluationReport) -> str:
    subject = report.subject
    parts = (
        f"{len(report.results)} questions" + (f" of {subject.questions}" if subject.questions else ""),
        f"{subject.documents} documents, {subject.chunks} chunks",
        f"generation {subject.generation}",
        subject.embedding_model,
        f"answers by {subject.generator}" if subject.generator else "searches only",
        report.created_at[:16].replace("T", " ") + " UTC" if report.created_at else "",
        f"{report.seconds:.0f} s",
    )
    return f"<p>{escape(' · '.join(part for part in parts if part))}</p>"


def _heads(report: EvaluationReport) -> str:
    known = [metric for name in HEADS if (metric := report.metric(name)) is not None]
    cells = (
        f"<div><span>{escape(BY_NAME[one.name].title)}</span><b>{_shown(one, one.value)}</b>"
        f"<span>{_shown(one, one.low)} – {_shown(one, one.high)}</span></div>"
        for one in known
    )
    return f'<div class="heads">{"".join(cells)}</div>'


def _notes(report: EvaluationReport) -> str:
    notes = [*report.notes]
    if report.failed:
        notes.append(f"{len(report.failed)} questions could not be asked; they count in no metric.")
    inside = "".join(f"<div>{escape(note)}</div>" for note in notes)
    return f'<section class="note">{inside}</section>' if notes else ""


def _gate(report: EvaluationReport) -> str:
    if not report.gate:
        return ""
    if report.gate_met:
        return '<section class="gate met"><b class="good">The gate is met.</b></section>'
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in gate_failures(report))
    return f'<section class="gate missed"><b class="bad">The gate is not met.</b><ul>{reasons}</ul></section>'


def _calibration(report: EvaluationReport) -> str:
    fitted = report.calibration
    if fitted is None:
        return ""
    told = (
        f"Below {fitted.abstain_below:.4g} are {fitted.refused_answerable:.1%} of {fitted.answerable} "
        f"answerable questions and {fitted.refused_unanswerable:.1%} of {fitted.unanswerable} unanswerable "
        f"ones; ROC AUC {fitted.roc_auc:.3f}."
    )
    return _section("Fitted abstain_below", f"<p>{escape(told)}</p>")


def _metrics(report: EvaluationReport) -> str:
    wanted = {finding.metric: finding.wanted for finding in report.gate if not finding.fall}
    head = (
        '<th>metric</th><th class="n">value</th><th class="n">95% interval</th><th></th>'
        '<th class="n">questions</th>'
    )
    rows = []
    for one in report.metrics:
        definition = BY_NAME[one.name]
        is_share = one.unit is MetricUnit.SHARE
        bar = interval_bar(one.low, one.value, one.high, wanted.get(one.name)) if is_share else ""
        rows.append(
            f'<tr><td>{escape(definition.title)}<span class="soft">{escape(definition.what)}</span></td>'
            f'<td class="n"><b>{_shown(one, one.value)}</b></td>'
            f'<td class="n">{_shown(one, one.low)} – {_shown(one, one.high)}</td>'
            f'<td>{bar}</td><td class="n">{one.questions}</td></tr>'
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _comparison(report: EvaluationReport) -> str:
    found = report.comparison
    if found is None:
        return ""
    shares = [one for one in found.differences if BY_NAME[one.name].unit is MetricUnit.SHARE]
    times = [one for one in found.differences if one not in shares]
    rows = []
    for group in (shares, times):
        widest = max((max(abs(one.low), abs(one.high)) for one in group), default=0) or 1.0
        for one in group:
            significant = found.significant(one)
            word = ("better", "good") if one.gain > 0 else ("worse", "bad")
            told = f'<b class="{word[1]}">{word[0]}</b>' if significant else "no clear difference"
            name = one.name
            rows.append(
                f"<tr><td>{escape(compared_title(name))}</td>"
                f'<td class="n">{compared_value(name, one.before)}</td>'
                f'<td class="n">{compared_value(name, one.after)}</td>'
                f'<td class="n">{compared_value(name, one.difference, signed=True)}</td>'
                f'<td class="n">{compared_value(name, one.low, signed=True)} to '
                f"{compared_value(name, one.high, signed=True)}</td>"
                f"<td>{difference_bar(one, widest, significant=significant)}</td>"
                f'<td class="n">{_chance(one.p_value)}</td><td>{told}</td></tr>'
            )
    head = "".join(
        f'<th class="n">{name}</th>' if name else "<th></th>"
        for name in ("before", "after", "change", "95% interval", "", "p")
    )
    told = (
        f"{found.shared} questions are in both reports, {found.only_before} only in {found.before_id}, "
        f"{found.only_after} only in this one. Of times the means are compared."
    )
    table = (
        f"<table><thead><tr><th>metric</th>{head}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    return _section("Compared with the earlier report", f'<p class="soft">{escape(told)}</p>{table}')


def _plots(report: EvaluationReport) -> str:
    plots = plots_of(report)
    return f'<section><div class="plots">{plots}</div></section>' if plots else ""


def _kinds(report: EvaluationReport) -> str:
    groups: dict[str, list[QuestionResult]] = {}
    for result in report.results:
        if not result.failed:
            groups.setdefault(result.question.kind, []).append(result)
    if len(groups) < 2:
        return ""
    names = [name for name in KIND_METRICS if report.metric(name) is not None]
    head = "".join(f'<th class="n">{escape(BY_NAME[name].title)}</th>' for name in names)
    rows = "".join(
        f'<tr><td>{escape(kind) or "–"}</td><td class="n">{len(results)}</td>'
        + "".join(f'<td class="n">{_mean(results, name)}</td>' for name in names)
        + "</tr>"
        for kind, results in sorted(groups.items(), key=lambda one: -len(one[1]))
    )
    heads = f'<tr><th>kind</th><th class="n">questions</th>{head}</tr>'
    table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>"
    return _section("By kind of question", table)


def _mean(results: list[QuestionResult], name: str) -> str:
    values = [one.values[name] for one in results if name in one.values]
    return f"{sum(values) / len(values):.3f}" if values else ""


def _chance(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"


def _shown(metric: Metric, value: float) -> str:
    return f"{value:.0f} ms" if metric.unit is MetricUnit.MILLISECONDS else f"{value:.3f}"
