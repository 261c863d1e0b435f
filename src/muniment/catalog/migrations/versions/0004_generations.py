"""A collection has generations, each with documents of its own; what there was is the first, and live."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = ["collection", "generation", "uri"]

_documents = sa.table(
    "documents",
    *(sa.column(name) for name in ("collection", "generation", "parser", "state")),
)
_collections = sa.table(
    "collections",
    *(
        sa.column(name)
        for name in (
            "name",
            "index_name",
            "dimension",
            "embedding_model",
            "embedding_fingerprint",
            "chunker_spec",
            "created_at",
        )
    ),
)


def upgrade() -> None:
    """Turn collections into first generations, and give documents and chunks the columns they need."""
    generations = op.create_table(
        "generations",
        sa.Column("collection", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("index_name", sa.String(128), nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.Column("embedding_model", sa.String(200), nullable=False),
        sa.Column("embedding_fingerprint", sa.String(200), nullable=False),
        sa.Column("embedding_settings", sa.JSON, nullable=False),
        sa.Column("chunker_spec", sa.Text, nullable=False),
        sa.Column("parser_version", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("promoted_at", sa.String(32), nullable=False),
    )
    for row in op.get_bind().execute(sa.select(_collections)).mappings().all():
        values = dict(row)
        op.get_bind().execute(
            generations.insert().values(
                collection=values.pop("name"),
                number=1,
                state="live",
                embedding_settings={},
                parser_version=_parser_of(row["name"]),
                promoted_at=row["created_at"],
                **values,
            )
        )
    _tell_vectors()
    op.drop_table("collections")
    _number_documents()
    op.create_index("documents_by_hash", "documents", ["content_hash"])


def _parser_of(collection: str) -> str:
    """The parser that read most of the collection's documents; empty when there are none."""
    mine = sa.and_(_documents.c.collection == collection, _documents.c.state == "done")
    counted = sa.select(_documents.c.parser).where(mine).group_by(_documents.c.parser)
    most = counted.order_by(sa.func.count().desc(), _documents.c.parser).limit(1)
    return str(op.get_bind().scalar(most) or "")


def _tell_vectors() -> None:
    """Vectors that clients gave are of the model that the collection has."""
    op.add_column("given_chunks", sa.Column("vector_of", sa.String(200), nullable=True))
    op.execute(
        "UPDATE given_chunks SET vector_of = COALESCE((SELECT embedding_fingerprint FROM collections "
        "WHERE collections.name = given_chunks.collection), '')"
    )
    with op.batch_alter_table("given_chunks") as given_chunks:
        given_chunks.alter_column("vector_of", existing_type=sa.String(200), nullable=False)


def _number_documents() -> None:
    op.add_column("documents", sa.Column("generation", sa.Integer, nullable=True))
    op.execute("UPDATE documents SET generation = 1")
    name = sa.inspect(op.get_bind()).get_pk_constraint("documents")["name"] or "documents_pkey"
    naming = {"pk": "%(table_name)s_pkey"}
    with op.batch_alter_table("documents", naming_convention=naming) as documents:
        documents.alter_column("generation", existing_type=sa.Integer(), nullable=False)
        documents.drop_constraint(name, type_="primary")
        documents.create_primary_key("documents_pkey", _KEY)
