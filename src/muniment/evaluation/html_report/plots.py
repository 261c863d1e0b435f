"""Plots of a report, as SVG that stands in the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

from muniment.evaluation.metrics import BY_NAME, values_of
from muniment.evaluation.ranks import CUTS
from muniment.types import EvaluationReport, MetricDifference, QuestionResult

WIDTH, HEIGHT = 440, 230
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 14, 34
BAR_WIDTH, BAR_HEIGHT = 240, 18
SLOW = 3
"""The axis of times ends at so many times the third quartile, if not before."""
LETTER = 6.2
"""Width of a letter on an axis, about."""
INKS = ("a", "b", "c")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a plot; ``band`` are lower and upper ends by x."""

    name: str
    points: Points
    band: Sequence[tuple[float, float, float]] = ()
    stepped: bool = False


def interval_bar(low: float, value: float, high: float, wanted: float | None = None) -> str:
    """A share with its interval on a line from 0 to 1, and what a gate wants."""

    def x(share: float) -> float:
        return 6 + (BAR_WIDTH - 12) * min(max(share, 0.0), 1.0)

    middle = BAR_HEIGHT / 2
    mark = "" if wanted is None else _line(x(wanted), 1, x(wanted), BAR_HEIGHT - 1, "wanted")
    return (
        f'<svg width="{BAR_WIDTH}" height="{BAR_HEIGHT}" role="img" '
        f'aria-label="{value:.3f}, between {low:.3f} and {high:.3f}">'
        f"{_line(x(0), middle, x(1), middle, 'axis')}{_line(x(low), middle, x(high), middle, 'whisker')}"
        f'<circle class="dot" cx="{x(value):.1f}" cy="{middle}" r="4"/>{mark}</svg>'
    )


def difference_bar(one: MetricDifference, widest: float, *, significant: bool) -> str:
    """A difference with its interval, on a line around 0."""

    def x(difference: float) -> float:
        return BAR_WIDTH / 2 + (BAR_WIDTH / 2 - 6) * min(max(difference / widest, -1.0), 1.0)

    ink = "same" if not significant else "up" if one.gain > 0 else "down"
    middle = BAR_HEIGHT / 2
    return (
        f'<svg width="{BAR_WIDTH}" height="{BAR_HEIGHT}" role="img" aria-label="{one.difference:+.3f}">'
        f"{_line(6, middle, BAR_WIDTH - 6, middle, 'axis')}{_line(x(0), 1, x(0), BAR_HEIGHT - 1, 'axis')}"
        f"{_line(x(one.low), middle, x(one.high), middle, ink)}"
        f'<circle class="{ink}" cx="{x(one.difference):.1f}" cy="{middle}" r="4"/></svg>'
    )


def plots_of(report: EvaluationReport) -> str:
    """Those plots that the report has the numbers for."""
    asked = [result for result in report.results if not result.failed]
    made = (_found(report), _ranks(asked), _times(asked), _risk(report))
    return "".join(plot for plot in made if plot)


def first_hit(result: QuestionResult) -> int | None:
    """The rank, from 1, of the first passage that holds a labelled place; None when none does."""
    return next((rank for rank, passage in enumerate(result.passages, 1) if passage.hits), None)


def _found(report: EvaluationReport) -> str:
    curves = []
    for name, title in (("recall", "labelled places"), ("page_hit", "page"), ("document_hit", "document")):
        metrics = [(cut, report.metric(f"{name}_at_{cut}")) for cut in CUTS]
        known = [(cut, metric) for cut, metric in metrics if metric is not None]
        points = [(float(cut), metric.value) for cut, metric in known]
        band = [(float(cut), metric.low, metric.high) for cut, metric in known]
        if known:
            curves.append(Curve(title, points, band if name == "recall" else ()))
    if not curves:
        return ""
    return _figure(
        "What is found in the best passages",
        "Share of the labelled places, and of questions with a labelled page or document, by number "
        "of passages. The band is the 95% interval.",
        _chart(curves, (0, max(CUTS)), [*CUTS], "passages"),
    )


def _ranks(results: Sequence[QuestionResult]) -> str:
    located = [one for one in results if "mrr" in one.values]
    if not located:
        return ""
    ranks = [first_hit(one) for one in located]
    groups = [(str(rank), range(rank, rank + 1)) for rank in range(1, 6)]
    groups += [("6–10", range(6, 11)), ("11–20", range(11, 21))]
    counts = [(name, sum(rank in group for rank in ranks if rank)) for name, group in groups]
    counts.append(("not", sum(rank is None for rank in ranks)))
    return _figure(
        "Rank of the first passage that holds it",
        "Questions by the rank of the first passage with a labelled place; “not” is not among the first 20.",
        _bars(counts),
    )


def _times(results: Sequence[QuestionResult]) -> str:
    curves, longest, measured = [], 0.0, list[float]()
    for timing in ("search", "answer"):
        times = sorted(values_of(BY_NAME[f"{timing}_p50_ms"], results).values())
        if times:
            # One that took long, once, must not press all others against the left edge.
            usual = SLOW * times[int((len(times) - 1) * 0.75)]
            longest = max(longest, min(times[-1], usual))
            measured += times
            points = [(time, (number + 1) / len(times)) for number, time in enumerate(times)]
            curves.append(Curve(timing, [(0.0, 0.0), *points], stepped=True))
    if not curves:
        return ""
    ticks = round_ticks(longest)
    beyond = [time for time in measured if time > ticks[-1]]
    left_out = f" {len(beyond)} took longer, {max(beyond):.0f} ms at most." if beyond else ""
    return _figure(
        "Time",
        f"Share of questions done within so many milliseconds.{left_out}",
        _chart(curves, (0, ticks[-1]), ticks, "ms"),
    )


def round_ticks(longest: float) -> list[float]:
    """Round numbers from 0 on, at most seven, the last of them not below the longest."""
    size = 10.0 ** floor(log10(max(longest, 1.0) / 4))
    step = next(times * size for times in (1, 2, 5, 10) if times * size * 6 >= longest)
    return [step * number for number in range(max(1, ceil(longest / step)) + 1)]


def _risk(report: EvaluationReport) -> str:
    points = [(point.coverage, point.risk) for point in report.risk_coverage]
    if len(points) < 2:
        return ""
    return _figure(
        "Risk and coverage",
        "If only the surest answers were given: share of wrong ones, by share of questions answered.",
        _chart([Curve("wrong answers", points)], (0, 1), [0, 0.25, 0.5, 0.75, 1], "answered"),
    )


def _figure(title: str, caption: str, svg: str) -> str:
    return f"<figure><h2>{escape(title)}</h2>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _chart(curves: Sequence[Curve], over: tuple[float, float], ticks: Sequence[float], unit: str) -> str:
    """Lines over x, with shares from 0 to 1 upwards."""
    first, last = over

    def at(x: float, y: float) -> tuple[float, float]:
        share = min(max((x - first) / ((last - first) or 1), 0.0), 1.0)
        return LEFT + share * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM)

    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        left, height = at(first, share)
        parts.append(_line(left, height, WIDTH - RIGHT, height, "axis"))
        parts.append(_text(left - 6, height + 4, f"{share:.0%}", "end"))
    for tick in ticks:
        x, y = at(tick, 0)
        label = f"{tick:g}"
        # A wide label in the middle under the last tick would be cut off at the edge.
        fits = x + len(label) * LETTER / 2 <= WIDTH
        parts.append(_text(x if fits else WIDTH, y + 15, label, "middle" if fits else "end"))
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, unit, "end"))
    for ink, curve in zip(INKS, curves, strict=False):
        if curve.band:
            outline = [at(x, high) for x, _, high in curve.band]
            outline += [at(x, low) for x, low, _ in reversed(curve.band)]
            parts.append(f'<polygon class="band {ink}-fill" points="{_path(outline)}"/>')
        points = _steps(curve.points) if curve.stepped else curve.points
        inside = [at(x, y) for x, y in points if x <= last]
        if curve.stepped and inside:
            # Flat up to where it ends, or leaves the axis.
            inside.append((WIDTH - RIGHT, inside[-1][1]))
        parts.append(f'<polyline class="curve {ink}" points="{_path(inside)}"/>')
    for number, (ink, curve) in enumerate(zip(INKS, curves, strict=False)):
        x = LEFT + number * 120
        parts.append(_line(x, HEIGHT - 8, x + 16, HEIGHT - 8, f"curve {ink}"))
        parts.append(_text(x + 21, HEIGHT - 4, curve.name, "start"))
    return _svg(parts)


def _bars(counts: Sequence[tuple[str, int]]) -> str:
    most = max(count for _, count in counts) or 1
    step = (WIDTH - LEFT - RIGHT) / len(counts)
    parts = [_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "axis")]
    for number, (name, count) in enumerate(counts):
        height = count / most * (HEIGHT - TOP - BOTTOM - 12)
        x, y = LEFT + number * step, HEIGHT - BOTTOM - height
        kind = "bar missed" if name == "not" else "bar"
        parts.append(
            f'<rect class="{kind}" x="{x + 4:.1f}" y="{y:.1f}" width="{step - 8:.1f}" height="{height:.1f}"/>'
        )
        parts.append(_text(x + step / 2, y - 4, str(count), "middle"))
        parts.append(_text(x + step / 2, HEIGHT - BOTTOM + 15, name, "middle"))
    return _svg(parts)


def _steps(points: Points) -> list[tuple[float, float]]:
    stepped = [points[0]]
    for (_, before), (x, y) in pairwise(points):
        stepped += [(x, before), (x, y)]
    return stepped


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _path(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
