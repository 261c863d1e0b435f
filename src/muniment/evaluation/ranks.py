"""The classical measures of a ranking, by ``pytrec_eval``, the bindings of NIST's ``trec_eval``."""

from collections.abc import Iterator, Sequence

from muniment.errors import UnavailableError

CUTS = (1, 3, 5, 10, 20)
"""Numbers of passages, from the best, that recall and hits are measured in."""

DEPTH = max(CUTS)
_NDCG_AT = 10


def measured(found: Sequence[Sequence[int]], labelled: int) -> dict[str, float]:
    """Recall, nDCG and reciprocal rank of one question.

    ``trec_eval`` ranks single things of which some are relevant. Here these are the labelled places: each
    takes the rank of the first passage that holds it. A passage that holds no new place keeps its rank
    and is not relevant. Of several places first found in one passage the others follow it.

    Args:
        found: the labelled places that each passage holds, by number from 0, best passage first.
        labelled: how many places there are, at least one.

    Raises:
        UnavailableError: code ``evaluation_unavailable``: ``pytrec_eval`` is not installed.
    """
    relevant = {str(number): 1 for number in range(labelled)}
    runs = {f"first {cut}": _run(found[:cut]) for cut in (*CUTS, _NDCG_AT)}
    runs["all"] = _run(found)
    measures = _measures(dict.fromkeys(runs, relevant), runs)
    values = {f"recall_at_{cut}": measures[f"first {cut}"]["set_recall"] for cut in CUTS}
    values[f"ndcg_at_{_NDCG_AT}"] = measures[f"first {_NDCG_AT}"][f"ndcg_cut_{_NDCG_AT}"]
    values["mrr"] = measures["all"]["recip_rank"]
    return values


def _run(found: Sequence[Sequence[int]]) -> dict[str, float]:
    """The names of what was found with falling scores."""
    names = list(_names(found)) or ["nothing"]
    return {name: float(len(names) - rank) for rank, name in enumerate(names)}


def _names(found: Sequence[Sequence[int]]) -> Iterator[str]:
    seen: set[int] = set()
    for rank, places in enumerate(found):
        new = [place for place in places if place not in seen]
        seen.update(new)
        yield from map(str, new)
        if not new:
            yield f"other {rank}"


def _measures(
    relevant: dict[str, dict[str, int]], runs: dict[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    try:
        # The extension itself: the package around it loads what is needed for other things.
        from pytrec_eval_ext import RelevanceEvaluator
    except ImportError as error:
        raise UnavailableError(
            "Searches cannot be measured: pytrec_eval is not installed.",
            code="evaluation_unavailable",
            hint="Install pytrec-eval-terrier into Muniment's environment. There are no wheels for Linux on "
            "ARM, where building it needs a C compiler.",
        ) from error
    evaluator = RelevanceEvaluator(relevant, {"set_recall", f"ndcg_cut.{_NDCG_AT}", "recip_rank"}, 1, False)
    measures: dict[str, dict[str, float]] = evaluator.evaluate(runs)
    return measures
