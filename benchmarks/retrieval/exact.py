"""Expressions of a question that a passage holds to the letter or not at all."""

import math
import re

import numpy as np
from signals import Scores

_QUOTED = re.compile(r"[\"“”]([^\"“”]{2,80})[\"“”]|(?<!\w)['‘]([^'‘’]{2,80})['’](?!\w)|`([^`]{2,80})`")
_CODE = re.compile(
    r"\b(?=\w*\d)\w+(?:[-._/:]\w+)*\b|\b\w+(?:[_./:]\w+)+\b|\b\w+(?:-\w+)*-\w*\d\w*\b|\b[a-z]+[A-Z]\w*\b|\b[A-Z]{2,}[a-z]?\b"
)
_PART = re.compile(
    r"\b(?:annex|appendix|article|chapter|clause|figure|page|paragraph|part|recital|rule|section|step|table|version)"
    r"\s+(?:\d+(?:\.\d+)*|[IVXLC]+)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\b[A-Z][\w’'-]*(?:(?:\s+(?:and|de|del|for|in|of|the|van|von)\s+(?=[A-Z])|\s+)[A-Z][\w’'-]*)+"
)
_FIRST = re.compile(
    r"^\W*(?:According|After|Are|At|Before|By|Can|Could|Did|Do|Does|During|For|From|How|If|In|Is|On|Should|The|Under|Was"
    r"|Were|What|When|Where|Which|Who|Whom|Whose|Why)\b"
)

KINDS = {
    "quoted strings": "q",
    "codes and numbers": "c",
    "numbered parts (article 5)": "p",
    "names of several words": "n",
    "all these": "qcpn",
}


def expressions(question: str, kinds: str) -> list[str]:
    """The expressions of these kinds (letters as in ``KINDS``), in lower case."""
    found: list[str] = []
    if "q" in kinds:
        found += [next(group for group in match.groups() if group) for match in _QUOTED.finditer(question)]
    found += _CODE.findall(question) if "c" in kinds else []
    found += _PART.findall(question) if "p" in kinds else []
    found += _NAME.findall(_FIRST.sub("", question)) if "n" in kinds else []
    bare = (re.sub(r"['’]s$", "", one.lower().strip()) for one in found)
    return [one for one in dict.fromkeys(bare) if len(one) > 1]


class Exact:
    """Which passages hold an expression, by their text in lower case."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = [re.sub(r"\s+", " ", text.lower()) for text in texts]
        self._known: dict[str, Scores] = {}

    def shares(self, question: str, kinds: str) -> Scores:
        """Of the idf of the question's expressions that stand somewhere, the share in each passage."""
        total, held = 0.0, np.zeros(len(self._texts))
        for expression in expressions(question, kinds):
            here = self._held(expression)
            if count := float(here.sum()):
                weight = math.log((len(here) - count + 0.5) / (count + 0.5) + 1)
                total += weight
                held += weight * here
        return held / total if total else held

    def _held(self, expression: str) -> Scores:
        if expression not in self._known:
            bounded = re.compile(rf"(?<!\w){re.escape(expression)}(?!\w)")
            hits = [float(expression in text and bool(bounded.search(text))) for text in self._texts]
            self._known[expression] = np.array(hits)
        return self._known[expression]
