"""What can be set for a bucket, whatever it is used for."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class S3Options(BaseModel):
    """A bucket, and how to get at it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bucket: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$", description="Name of the bucket.")
    prefix: str = Field(default="", description="Only keys that begin with it, such as `hr/policies/`.")
    endpoint: str | None = Field(
        default=None,
        description="Address of the server, such as `http://minio:9000`; that of AWS when omitted.",
    )
    region: str | None = Field(
        default=None,
        description="Region; `$AWS_REGION`, `$AWS_DEFAULT_REGION` or `us-east-1` when omitted.",
    )
    access_key_env: str = Field(
        default="AWS_ACCESS_KEY_ID", description="Environment variable with the access key."
    )
    secret_key_env: str = Field(
        default="AWS_SECRET_ACCESS_KEY", description="Environment variable with the secret key."
    )
    session_token_env: str = Field(
        default="AWS_SESSION_TOKEN",
        description="Environment variable with the token of temporary keys; need not be set.",
    )
    access_key_file: Path | None = Field(
        default=None, description="File with the access key, instead of `access_key_env`."
    )
    secret_key_file: Path | None = Field(
        default=None, description="File with the secret key, instead of `secret_key_env`."
    )
    path_style: bool | None = Field(
        default=None,
        description="Whether the bucket stands in the path and not in the host's name; "
        "true when omitted and `endpoint` is set.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate authorities to trust besides the public ones.",
    )
    timeout_s: float = Field(
        default=30.0, gt=0, le=600, description="Seconds to wait for an answer or its next piece."
    )
    retries: int = Field(
        default=8,
        ge=0,
        le=20,
        description="Further tries after a failure that may pass; 8 are patient for about half a minute.",
    )

    @field_validator("endpoint")
    @classmethod
    def _an_address(cls, endpoint: str | None) -> str | None:
        if endpoint is None:
            return None
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be http://host:port or https://host:port")
        if parts.username or parts.password:
            raise ValueError("must hold no keys; name them in access_key_env and secret_key_env")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be the server's address alone; the bucket goes into `bucket`")
        return endpoint.rstrip("/")

    @property
    def in_path(self) -> bool:
        """Whether the bucket stands in the path of requests."""
        return self.endpoint is not None if self.path_style is None else self.path_style
