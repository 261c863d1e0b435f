"""Runs tell what became of every document, and workers tell each other what they are at."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ADDED: dict[str, tuple[sa.Integer | sa.String, int | str]] = {
    "by_others": (sa.Integer(), 0),
    "plan": (sa.String(64), ""),
    "shard": (sa.String(32), ""),
}


def upgrade() -> None:
    """Add the tables, and to runs what was not noted of them before."""
    op.create_table(
        "doubtful_contents",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document_id", sa.String(40), primary_key=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("parser", sa.Text, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("key", sa.String(1200), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
    )
    op.create_index("leases_by_owner", "leases", ["owner"])
    op.create_table(
        "run_documents",
        sa.Column("run_id", sa.String(40), primary_key=True),
        sa.Column("uri", sa.String(1000), primary_key=True),
        sa.Column("name", sa.String(1000), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("fate", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(64), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("chunks", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    for name, (kind, _) in _ADDED.items():
        op.add_column("runs", sa.Column(name, kind, nullable=True))
    values = {name: empty for name, (_, empty) in _ADDED.items()}
    op.execute(sa.table("runs", *(sa.column(name) for name in _ADDED)).update().values(**values))
    with op.batch_alter_table("runs") as runs:
        for name, (kind, _) in _ADDED.items():
            runs.alter_column(name, existing_type=kind, nullable=False)
