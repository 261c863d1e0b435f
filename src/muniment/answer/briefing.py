"""What goes into an answer besides the question and its passages."""

from dataclasses import dataclass

Turn = tuple[str, str]
"""Role (``user`` or ``assistant``) and text of one message of a conversation."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """How a question is to be answered.

    Attributes:
        instructions: what the asker wants, such as a language or a tone; the rules on evidence stay above it.
        history: what was said before the question, oldest first.
        max_tokens: longest answer; the usual length when omitted.
        temperature: of the generator, where it has one.
        withhold: whether an answer whose statements the passages do not carry is replaced by the
            abstention. Not for text that rests on something else as well, such as a tool's result;
            its claims are checked and judged all the same.
        must_answer: whether an answer is all that may be written, so that nothing need be where the
            passages are judged not to hold one. Not where the model may call a function instead.
    """

    instructions: str = ""
    history: tuple[Turn, ...] = ()
    max_tokens: int | None = None
    temperature: float = 0.0
    withhold: bool = True
    must_answer: bool = True

    @property
    def subject(self) -> str:
        """The user's last words before the question, which a follow-up leaves unsaid."""
        return next((text for role, text in reversed(self.history) if role == "user"), "")


PLAIN = Briefing()
"""The question alone."""
