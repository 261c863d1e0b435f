"""What an answer in the making sends, in order: Retrieved, then Deltas, then Finished."""

from dataclasses import dataclass

from muniment.types import Answer, Passage


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages the answer will rest on, best first, and what was searched for, the question first."""

    passages: tuple[Passage, ...]
    queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the text, not yet checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The whole answer, checked. Its text replaces the pieces sent before."""

    answer: Answer


AnswerEvent = Retrieved | Delta | Finished
