"""A key of a bucket has up to 1,024 bytes, thrice that in a URI; its objects have more than 32 bits count."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXTS = {"documents": ("uri", "name"), "run_documents": ("uri", "name"), "leases": ("key",)}


def upgrade() -> None:
    """Lift the limits; no row changes."""
    for table, columns in _TEXTS.items():
        with op.batch_alter_table(table) as changed:
            for column in columns:
                limit = 1200 if column == "key" else 1000
                before = sa.String(limit)
                changed.alter_column(column, existing_type=before, type_=sa.Text(), existing_nullable=False)
    with op.batch_alter_table("documents") as documents:
        documents.alter_column(
            "size", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False
        )
