"""Rows of tables: whether a row is about what is asked, or about another thing of its sort."""

from muniment.language.names import codes
from muniment.language.tables import cells, is_amount, label
from muniment.language.terms import content_stems, is_content, stem, words
from muniment.providers.extractive.candidates import Candidate, Wanted
from muniment.providers.extractive.question import Question

TOTALS = frozenset(stem(word) for word in "total totals sum group overall consolidated altogether".split())


def about(question: Question, row: Candidate) -> tuple[float, float]:
    """Whether the row's name, or another of its cells in several words, is what the question asks about (or
    says
    that it is the total), and whether the row is of something that the question never speaks of.

    The revenue is what stands behind "Revenue", not what stands behind a part of the group in a column
    so called.
    """
    if not row.in_table:
        return 0.0, 0.0
    named = set(content_stems(label(row.text)))
    wanted = Wanted(question.terms)
    said = [cell for cell in cells(row.text) if cell and not is_amount(cell)]
    asked = bool(named) and named <= set(question.terms) | TOTALS
    asked |= any(
        len(stems) > 1 and stems <= set(question.terms) for stems in map(set, map(content_stems, said))
    )
    strange = bool(said) and not any(_spoken_of(question, wanted, cell) for cell in said)
    return float(asked), float(strange and not named & TOTALS)


def _spoken_of(question: Question, wanted: Wanted, cell: str) -> bool:
    if any(wanted.with_alike(cell)) or question.codes & {code.upper() for code in codes(cell)}:
        return True
    return not any(map(is_content, words(cell)))
