"""Created collections, files attached to them, chunks given directly, and the resources of the dialects."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; a catalog of before migrations may have some, and some indexes, already."""
    op.create_table(
        "revisions",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "created_collections",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(512), nullable=False, unique=True),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("embedding_model", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_active_at", sa.BigInteger, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("expires_days", sa.Integer, nullable=True),
        sa.Column("description", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_index("created_collections_by_name", "created_collections", ["name"], if_not_exists=True)
    op.create_table(
        "files",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("filename", sa.String(1000), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        if_not_exists=True,
    )
    op.create_index("files_by_content", "files", ["content_hash"], if_not_exists=True)
    op.create_table(
        "store_files",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("file_id", sa.String(80), primary_key=True),
        sa.Column("filename", sa.String(1000), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("max_tokens", sa.Integer, nullable=True),
        sa.Column("overlap_tokens", sa.Integer, nullable=True),
        sa.Column("error_code", sa.String(64), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("document_id", sa.String(40), nullable=False),
        sa.Column("batch_id", sa.String(80), nullable=False),
        if_not_exists=True,
    )
    op.create_index("store_files_by_batch", "store_files", ["batch_id"], if_not_exists=True)
    op.create_index("store_files_by_state", "store_files", ["state"], if_not_exists=True)
    op.create_table(
        "file_batches",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("collection", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "given_chunks",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("row_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("chunk_id", sa.Text, nullable=False),
        sa.Column("document_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("chunk_metadata", sa.JSON, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=True),
        if_not_exists=True,
    )
    op.create_table(
        "resources",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("id", sa.String(512), nullable=False),
        sa.Column("parent", sa.String(512), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        if_not_exists=True,
    )
    op.create_index("resources_by_id", "resources", ["kind", "id"], unique=True, if_not_exists=True)
    op.create_index("resources_by_parent", "resources", ["kind", "parent"], if_not_exists=True)
