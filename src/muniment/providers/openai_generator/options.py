"""What the settings say of an OpenAI-compatible endpoint."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class OpenAIGeneratorOptions(BaseModel):
    """Options of a generator behind an OpenAI-compatible endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="Address up to and including `/v1`, such as `http://gpu1:8000/v1`.")
    model: str | None = Field(
        default=None, description="The endpoint's name of the model; may be omitted when it serves only one."
    )
    api_key_env: str | None = Field(default=None, description="Environment variable that holds the key.")
    api_key_file: Path | None = Field(default=None, description="File that holds the key.")
    connect_timeout_s: float = Field(default=5.0, gt=0, description="Seconds to connect.")
    first_token_timeout_s: float = Field(default=60.0, gt=0, description="Seconds until the first token.")
    token_timeout_s: float = Field(default=30.0, gt=0, description="Seconds between two tokens.")
    completion_timeout_s: float = Field(
        default=600.0, gt=0, description="Seconds for a whole completion that is not streamed."
    )
    retries: int = Field(default=2, ge=0, le=10, description="Further tries before the first token.")
    retry_pause_s: float = Field(
        default=0.5, ge=0, description="Seconds before the first retry; doubled each time."
    )
    context_tokens: int = Field(
        default=8192, ge=512, description="The model's context in tokens, answer included."
    )
    structured: bool = Field(
        default=False,
        description="Ask for answers as JSON with the passages of each statement (`response_format` with a "
        "JSON schema), and turn them back into text with marks. For servers that enforce schemas.",
    )
    fallback: str | None = Field(
        default=None, description="Name of the generator that is asked when this one cannot begin."
    )

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_key(self) -> "OpenAIGeneratorOptions":
        if self.api_key_env and self.api_key_file:
            raise ValueError("give api_key_env or api_key_file, not both")
        return self
