"""What can be set on the encoder."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Precision = Literal["auto", "f32", "bf16", "int8"]


class EncoderOptions(BaseModel):
    """Options of the provider ``encoder``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None,
        description="Name of a packaged model (`muniment models list`); the declared name when omitted.",
    )
    path: str | None = Field(
        default=None,
        description="Folder with config.json, tokenizer.json and model.safetensors or model.onnx; "
        "instead of `model`.",
    )
    threads: int | None = Field(
        default=None, ge=1, le=256, description="CPU threads; as many as the process may use when omitted."
    )
    precision: Precision = Field(
        default="auto",
        description="Arithmetic: `int8` (weights and, where the CPU can, activations), `bf16`, `f32`; "
        "`auto` takes int8.",
    )
    max_batch_tokens: int = Field(
        default=1024, ge=64, le=65536, description="Tokens computed at once by one thread, padding included."
    )
    query_cache: int = Field(default=1024, ge=0, description="Queries whose vectors are remembered.")

    @model_validator(mode="after")
    def _one_place(self) -> "EncoderOptions":
        if self.model and self.path:
            raise ValueError("give `model` or `path`, not both")
        return self
