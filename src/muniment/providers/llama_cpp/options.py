"""What the settings say of a model for llama.cpp."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator


class LlamaCppOptions(BaseModel):
    """Options of the llama.cpp generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None, description="Packaged weights by name; `muniment models list` shows them."
    )
    model_path: Path | None = Field(default=None, description="A GGUF file of your own, instead of `model`.")
    context_tokens: int = Field(default=4096, ge=512, description="Context in tokens, answer included.")
    threads: int | None = Field(default=None, ge=1, description="Threads; llama.cpp's choice when omitted.")
    token_timeout_s: float = Field(
        default=120.0, gt=0, description="Seconds to wait for a token, also the first."
    )
    structured: bool = Field(
        default=False,
        description="Ask for answers as JSON with the passages of each statement (`response_format` with a "
        "JSON schema), and turn them back into text with marks. For servers that enforce schemas.",
    )
    fallback: str | None = Field(
        default=None, description="Name of the generator that is asked when this one cannot begin."
    )

    @model_validator(mode="after")
    def _one_model(self) -> "LlamaCppOptions":
        if (self.model is None) == (self.model_path is None):
            raise ValueError("give exactly one of model and model_path")
        return self
