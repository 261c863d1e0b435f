"""Measures how well a collection is searched and answered from, on labelled questions."""

from muniment.evaluation.evaluator import Ask, Evaluator, Search
from muniment.evaluation.questions import counted, parse_questions, read_questions

__all__ = ["Ask", "Evaluator", "Search", "counted", "parse_questions", "read_questions"]
