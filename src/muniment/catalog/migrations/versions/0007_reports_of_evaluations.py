"""Reports of evaluations are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "evaluations",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("report", sa.LargeBinary, nullable=False),
    )
    op.create_index("evaluations_by_collection", "evaluations", ["collection", "created_at"])
