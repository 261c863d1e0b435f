"""The catalog's tables."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

metadata = MetaData()

generations = Table(
    "generations",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("index_name", String(128), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("embedding_model", String(200), nullable=False),
    Column("embedding_fingerprint", String(200), nullable=False),
    Column("embedding_settings", JSON, nullable=False),
    Column("chunker_spec", Text, nullable=False),
    Column("parser_version", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("promoted_at", String(32), nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("uri", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("document_id", String(40), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("version", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("parser", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("error_code", String(64), nullable=False),
    Column("error", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("updated_at", String(32), nullable=False),
    Column("chunker", Text, nullable=False),
    Column("file_id", String(80), nullable=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    PrimaryKeyConstraint("collection", "generation", "uri", name="documents_pkey"),
    Index("documents_by_file", "file_id"),
    Index("documents_by_content", "collection", "document_id"),
    Index("documents_by_hash", "content_hash"),
    Index("documents_by_name", "collection", "name"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("collection", String(64), nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32), nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("error_code", String(64), nullable=False),
    Column("error", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("by_others", Integer, nullable=False),
    Column("plan", String(64), nullable=False),
    Column("shard", String(32), nullable=False),
    Index("runs_by_start", "started_at"),
)

run_documents = Table(
    "run_documents",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("uri", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("fate", String(16), nullable=False),
    Column("error_code", String(64), nullable=False),
    Column("error", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("report", LargeBinary, nullable=False),
    Index("evaluations_by_collection", "collection", "created_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("key", Text, primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Index("leases_by_owner", "owner"),
)

doubtful_contents = Table(
    "doubtful_contents",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("document_id", String(40), primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("parser", Text, nullable=False),
)

mendings = Table(
    "mendings",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("collection", String(64), nullable=False),
    Column("found", Text, nullable=False),
    Column("did", Text, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

created_collections = Table(
    "created_collections",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("id", String(512), nullable=False, unique=True),
    Column("name", String(512), nullable=False),
    Column("embedding_model", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_active_at", BigInteger, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("expires_days", Integer, nullable=True),
    Column("description", Text, nullable=False),
    Index("created_collections_by_name", "name"),
)

files = Table(
    "files",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("filename", String(1000), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=True),
    Index("files_by_content", "content_hash"),
)

store_files = Table(
    "store_files",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("file_id", String(80), primary_key=True),
    Column("filename", String(1000), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("max_tokens", Integer, nullable=True),
    Column("overlap_tokens", Integer, nullable=True),
    Column("error_code", String(64), nullable=False),
    Column("error", Text, nullable=False),
    Column("document_id", String(40), nullable=False),
    Column("batch_id", String(80), nullable=False),
    Index("store_files_by_batch", "batch_id"),
    Index("store_files_by_state", "state"),
)

file_batches = Table(
    "file_batches",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("collection", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("cancelled", Integer, nullable=False),
)

given_chunks = Table(
    "given_chunks",
    metadata,
    Column("collection", String(64), primary_key=True),
    Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chunk_id", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("chunk_metadata", JSON, nullable=False),
    Column("vector", LargeBinary, nullable=True),
    Column("vector_of", String(200), nullable=False),
)

resources = Table(
    "resources",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(64), nullable=False),
    Column("id", String(512), nullable=False),
    Column("parent", String(512), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("body", JSON, nullable=False),
    Index("resources_by_id", "kind", "id", unique=True),
    Index("resources_by_parent", "kind", "parent"),
)
