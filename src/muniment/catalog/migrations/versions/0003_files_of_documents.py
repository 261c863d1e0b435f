"""Each document says what it was cut by, and has an id under which its file can be had."""

from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ATTACHED = "attached:///"
_AT_A_TIME = 5000
_ADDED = {"chunker": sa.Text(), "file_id": sa.String(80)}

_documents = sa.table("documents", *(sa.column(name) for name in ("collection", "uri", "chunker", "file_id")))


def upgrade() -> None:
    """Add the columns, fill them, and only then demand that they are full.

    Before migrations, some catalogs got them with an empty text as default, which goes.
    """
    present = {column["name"]: column for column in sa.inspect(op.get_bind()).get_columns("documents")}
    for name, kind in _ADDED.items():
        if name not in present:
            op.add_column("documents", sa.Column(name, kind, nullable=True))
    op.execute(_documents.update().where(_documents.c.chunker.is_(None)).values(chunker=""))
    _name_files()
    made_right = [present.get(name, {"nullable": True}) for name in _ADDED]
    if any(column["nullable"] or column.get("default") for column in made_right):
        with op.batch_alter_table("documents") as documents:
            for name, kind in _ADDED.items():
                documents.alter_column(name, existing_type=kind, nullable=False, server_default=None)
    op.create_index("documents_by_file", "documents", ["file_id"], if_not_exists=True)


def _name_files() -> None:
    key = sa.tuple_(_documents.c.collection, _documents.c.uri)
    unnamed = sa.select(_documents.c.collection, _documents.c.uri).where(
        sa.func.coalesce(_documents.c.file_id, "") == ""
    )
    named = (
        _documents.update()
        .where(_documents.c.collection == sa.bindparam("of"), _documents.c.uri == sa.bindparam("at"))
        .values(file_id=sa.bindparam("named"))
    )
    after = ("", "")
    while rows := _next(unnamed.where(key > after)):
        op.get_bind().execute(named, [{"of": of, "at": at, "named": _file_id(of, at)} for of, at in rows])
        after = rows[-1]


def _next(unnamed: "sa.Select[str, str]") -> list[tuple[str, str]]:
    by_key = unnamed.order_by(_documents.c.collection, _documents.c.uri).limit(_AT_A_TIME)
    return [(of, at) for of, at in op.get_bind().execute(by_key)]


def _file_id(collection: str, uri: str) -> str:
    """As it was made at the time of this migration."""
    if uri.startswith(_ATTACHED):
        return uri.removeprefix(_ATTACHED)
    digest = blake2b(f"{collection}\0{uri}".encode(), digest_size=16)
    return f"file-{digest.hexdigest()}"
