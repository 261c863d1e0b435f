"""What can be set for Milvus."""

import os
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from muniment.errors import SettingsError
from muniment.ranking import Fusion


class SearchBy(StrEnum):
    """Who computes a search."""

    AUTO = "auto"
    """``resident`` for an embedded database, ``milvus`` for a server."""
    MILVUS = "milvus"
    """Milvus itself: HNSW and BM25; a server without BM25 compares vectors, and words are ranked here."""
    RESIDENT = "resident"
    """An exact index in this process, over the rows that Milvus keeps."""


class MilvusOptions(BaseModel):
    """Options of the provider `milvus`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: str | None = Field(
        default=None,
        description="`http://host:19530` for a server, or a path ending in `.db` (relative to `data_dir`) "
        "for an embedded database; `milvus.db` in `data_dir` when omitted.",
    )
    api_key_env: str | None = Field(
        default=None, description="Environment variable with the server's token, such as `user:password`."
    )
    api_key_file: Path | None = Field(default=None, description="File with the server's token.")
    timeout_s: float = Field(default=10.0, gt=0, le=600, description="Seconds that a call may take.")
    connect_timeout_s: float = Field(
        default=3.0, gt=0, le=60, description="Seconds that connecting may take."
    )
    hnsw_m: int = Field(default=16, ge=4, le=64, description="Neighbours of a vector in the HNSW graph.")
    hnsw_ef_construction: int = Field(
        default=200, ge=8, le=1024, description="Candidates looked at when a vector is added."
    )
    hnsw_ef: int = Field(
        default=128, ge=1, le=32768, description="Candidates looked at in a search, at least."
    )
    search_by: SearchBy = Field(
        default=SearchBy.AUTO,
        description="`milvus`: Milvus searches (one older than 2.5 compares vectors, and words are ranked in "
        "this process); `resident`: an exact index in memory over the rows that Milvus keeps, read at every "
        "start from a server; `auto`: `resident` when embedded, `milvus` for a server.",
    )
    fusion: Fusion = Field(
        default=Fusion.WEIGHTED,
        description="How hybrid search ranks: `weighted` (standardised scores of vectors, sentences, BM25 "
        "and phrases, with measured weights), `zscore` (mean of standardised vector and BM25 scores) or "
        "`rrf` (reciprocal rank fusion of both, k = 60).",
    )

    @field_validator("uri")
    @classmethod
    def _usable(cls, uri: str | None) -> str | None:
        if (
            uri is not None
            and not uri.startswith(("http://", "https://", "tcp://"))
            and not uri.endswith(".db")
        ):
            raise ValueError("must be http://host:port, https://…, tcp://…, or a path that ends in .db")
        return uri

    @property
    def embedded(self) -> bool:
        """Whether the database is a folder of ours."""
        return self.uri is None or "://" not in self.uri

    @property
    def resident(self) -> bool:
        """Whether searches are computed in this process."""
        return self.embedded if self.search_by is SearchBy.AUTO else self.search_by is SearchBy.RESIDENT

    def token(self) -> str:
        """The server's token, empty when none is set.

        Raises:
            SettingsError: the variable or file named is not there.
        """
        if self.api_key_env is not None:
            if not (value := os.environ.get(self.api_key_env, "")):
                raise SettingsError(
                    f"vector_store.api_key_env: {self.api_key_env!r} is not set.",
                    code="secret_missing",
                    hint="Set the variable, or remove the setting.",
                )
            return value
        if self.api_key_file is None:
            return ""
        try:
            return self.api_key_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"vector_store.api_key_file: {self.api_key_file} cannot be read: {error.strerror}.",
                code="secret_missing",
                hint="Write the token to that file, or remove the setting.",
            ) from error
