"""What the settings say of a reranker behind an endpoint."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class RerankEndpointOptions(BaseModel):
    """Options of a reranker behind an endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(
        description="Address up to `/rerank`: `http://gpu1:8000/v1` for vLLM, `http://gpu1:8080` for TEI."
    )
    api: Literal["jina", "tei"] = Field(
        default="jina",
        description="What the server speaks: `jina` as vLLM, llama.cpp, Jina and Cohere do (`documents` in, "
        "`relevance_score` out), or `tei` as Text Embeddings Inference (`texts` in, `score` out).",
    )
    model: str | None = Field(
        default=None, description="The endpoint's name of the model; may be omitted when it serves only one."
    )
    api_key_env: str | None = Field(default=None, description="Environment variable that holds the key.")
    api_key_file: Path | None = Field(default=None, description="File that holds the key.")
    truncate_prompt_tokens: int | None = Field(
        default=-1,
        ge=-1,
        description="With `jina`: tokens of query and text that vLLM keeps, `-1` for as many as the model "
        "reads; `null` does not send it, for servers that refuse what they do not know. TEI is always told "
        "to cut.",
    )
    batch_size: int = Field(default=32, ge=1, le=1000, description="Texts sent in one request.")
    concurrency: int = Field(default=4, ge=1, le=64, description="Requests under way at a time.")
    connect_timeout_s: float = Field(
        default=2.0, gt=0, description="Seconds to connect, and for a check whether it answers."
    )
    timeout_s: float = Field(default=10.0, gt=0, description="Seconds a request may take.")
    retries: int = Field(default=1, ge=0, le=10, description="Further tries after a failure that may pass.")
    retry_pause_s: float = Field(
        default=0.2, ge=0, description="Seconds before the first retry; doubled each time."
    )
    rest_s: float = Field(
        default=10.0,
        ge=0,
        description="Seconds that a server which did not answer is left alone, so that not every search "
        "waits for it.",
    )

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/").removesuffix("/rerank")

    @model_validator(mode="after")
    def _one_key(self) -> "RerankEndpointOptions":
        if self.api_key_env and self.api_key_file:
            raise ValueError("give api_key_env or api_key_file, not both")
        return self
