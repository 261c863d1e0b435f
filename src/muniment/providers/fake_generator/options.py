"""What the settings say of the fake generator."""

from pydantic import BaseModel, ConfigDict, Field

from muniment.errors import UnavailableError


class FakeGeneratorOptions(BaseModel):
    """Options of the fake generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: dict[str, str] = Field(
        default_factory=dict,
        description="Answers by question; other questions get the first passage's first line, "
        "other chats their last message.",
    )
    verdicts: dict[str, str] | None = Field(
        default=None,
        description="Makes it play a Llama Guard: what it says of a last message that holds the key; `safe` "
        "of others.",
    )
    fail_after: int | None = Field(
        default=None,
        ge=0,
        description="Raise `generator_unavailable` after this many pieces; never when omitted.",
    )
    model: str = Field(default="echo", description="What its language model says it is called.")
    context_tokens: int = Field(default=8192, ge=512, description="Context in tokens, answer included.")
    fallback: str | None = Field(default=None, description="Generator asked when this one cannot begin.")

    def failure(self, name: str) -> UnavailableError:
        """What the generator of that name raises when it was told to fail."""
        return UnavailableError(
            f"Generator {name!r} failed after {self.fail_after} pieces, as it was told to.",
            code="generator_unavailable",
            hint="Remove `fail_after`.",
        )
