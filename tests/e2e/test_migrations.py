"""Catalogs of earlier versions are brought up to date, whole or not at all; later ones are refused."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect, text

from muniment.catalog import Catalog
from muniment.catalog.connections import make_engine
from muniment.catalog.migrations.scripts import HEAD, OURS, Migrations
from muniment.catalog.migrations.upgrade import upgrade
from muniment.catalog.schema import bring_to_head
from muniment.errors import MunimentError
from muniment.types import file_id_of

KEPT = Path(__file__).parents[1] / "fixtures" / "catalogs"
"""What SQL the first versions made their tables with."""

UPLOADED, NAMED = "attached:///file-7", "file:///handbook/%s"

NEXT = f"{int(HEAD) + 1:04}"

FAILING = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{next}", "{head}"

def upgrade() -> None:
    op.add_column("documents", sa.Column("shelf", sa.Text))
    op.execute("UPDATE documents SET shelf = 'a', title = 'lost'")
    op.drop_table("mendings")
    op.execute("{statement}")
"""


def execute(engine: Engine, script: str) -> None:
    with engine.begin() as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))


def first(engine: Engine) -> None:
    """A catalog of the very first version, with rows."""
    execute(engine, (KEPT / f"first.{engine.dialect.name}.sql").read_text())
    with engine.begin() as connection:
        for uri, name in ((NAMED, "100% leave.txt"), (UPLOADED, "memo.txt")):
            values = (
                f"'docs', '{uri}', '{name}', 'doc_1', 'abc', '1', 10, 'done', 'source', 'fake', 2, 3, 'Leave'"
            )
            connection.execute(
                text(
                    f"INSERT INTO documents VALUES ({values}, :m, '', '', '', '[]', '2025-01-01T00:00:00Z')"
                ),
                {"m": '{"year": 2025}'},
            )
        connection.execute(text("INSERT INTO mendings VALUES (7, '2025', 'docs', 'a hole', 'mended')"))


def with_stores(engine: Engine) -> None:
    """The same, opened by the version that added tables but no columns."""
    first(engine)
    execute(engine, (KEPT / f"stores.{engine.dialect.name}.sql").read_text())


def half_with_stores(engine: Engine) -> None:
    """The same, where adding the tables was cut short."""
    with_stores(engine)
    execute(engine, "DROP TABLE resources;\nDROP TABLE files;\nDROP INDEX store_files_by_state")


def mended(engine: Engine) -> None:
    """The same, opened by the version that added columns with a default."""
    with_stores(engine)
    for column in ("chunker TEXT", "file_id VARCHAR(80)"):
        execute(engine, f"ALTER TABLE documents ADD COLUMN {column} NOT NULL DEFAULT ''")
    execute(engine, "CREATE INDEX documents_by_file ON documents (file_id)")
    for uri in (NAMED, UPLOADED):
        name = file_id_of("docs", uri)
        execute(engine, f"UPDATE documents SET file_id = '{name}', chunker = '' WHERE uri = '{uri}'")


SHAPES = (first, with_stores, half_with_stores, mended)


def schema(engine: Engine) -> dict[str, object]:
    """All that the database says about the tables, but for the order of columns."""
    known = inspect(engine)
    return {
        name: (
            sorted(
                (c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in known.get_columns(name)
            ),
            known.get_pk_constraint(name),
            sorted(known.get_indexes(name), key=lambda index: str(index["name"])),
            known.get_unique_constraints(name),
        )
        for name in known.get_table_names()
    }


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")), key=str)
            for name in inspect(engine).get_table_names()
        }


@pytest.fixture
def engine(catalog_uri: str) -> Iterator[Engine]:
    made = make_engine(catalog_uri)
    yield made
    made.dispose()


def later(tmp_path: Path, script: str) -> Migrations:
    """Our migrations and one more."""
    folder = tmp_path / "versions"
    shutil.copytree(OURS.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / f"{NEXT}_more.py").write_text(script)
    return Migrations(folder, NEXT)


def test_the_newest_migration_is_the_version_that_is_expected() -> None:
    assert max(OURS.known()) == HEAD
    assert sorted(OURS.known()) == [f"{number:04}" for number in range(1, int(HEAD) + 1)]


def test_a_new_catalog_is_what_all_migrations_make(engine: Engine) -> None:
    with engine.begin() as connection:
        upgrade(connection, None, OURS)
    migrated = schema(engine)
    execute(engine, ";\n".join(f"DROP TABLE {name}" for name in migrated))
    bring_to_head(engine)
    assert schema(engine) == migrated
    assert rows(engine)["alembic_version"] == [(HEAD,)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_catalog_of_before_migrations_is_recognised_and_loses_nothing(
    engine: Engine, catalog_uri: str, shape: Callable[[Engine], None], tmp_path: Path
) -> None:
    shape(engine)
    catalog = Catalog.open(catalog_uri)
    documents = catalog.documents("docs")
    assert [(d.uri, d.metadata, d.chunker) for d in documents] == [
        (NAMED, {"year": 2025}, ""),
        (UPLOADED, {"year": 2025}, ""),
    ]
    for document in documents:
        assert catalog.document_of_file(file_id_of("docs", document.uri)) == document
    assert [mending.found for mending in catalog.mendings("docs")] == ["a hole"]
    catalog.close()
    migrated = schema(engine)
    execute(engine, ";\n".join(f"DROP TABLE {name}" for name in migrated))
    bring_to_head(engine)
    assert schema(engine) == migrated


@pytest.mark.parametrize(
    "statement", ["UPDATE nowhere SET a = 1", "INSERT INTO runs (id) VALUES ('half a row')"]
)
def test_a_migration_that_fails_leaves_the_catalog_as_it_was(
    engine: Engine, tmp_path: Path, statement: str
) -> None:
    with_stores(engine)
    before = schema(engine), rows(engine)
    with pytest.raises(MunimentError) as caught:
        bring_to_head(engine, later(tmp_path, FAILING.format(next=NEXT, head=HEAD, statement=statement)))
    assert caught.value.code == "catalog_migration_failed"
    assert f"to {NEXT}" in caught.value.message and caught.value.hint
    assert (schema(engine), rows(engine)) == before
    bring_to_head(engine)
    assert len(rows(engine)["documents"]) == 2


def test_a_catalog_of_a_later_version_is_refused_untouched(
    engine: Engine, catalog_uri: str, tmp_path: Path
) -> None:
    first(engine)
    bring_to_head(engine, later(tmp_path, FAILING.format(next=NEXT, head=HEAD, statement="SELECT 1")))
    before = schema(engine), rows(engine)
    with pytest.raises(MunimentError) as caught:
        Catalog.open(catalog_uri)
    assert caught.value.code == "catalog_newer"
    assert NEXT in caught.value.message and HEAD in caught.value.message
    assert (schema(engine), rows(engine)) == before


def test_tables_that_are_not_ours_are_refused_untouched(engine: Engine, catalog_uri: str) -> None:
    execute(engine, "CREATE TABLE documents (number INTEGER PRIMARY KEY, body TEXT)")
    before = schema(engine)
    with pytest.raises(MunimentError) as caught:
        Catalog.open(catalog_uri)
    assert caught.value.code == "catalog_foreign"
    assert schema(engine) == before


@pytest.mark.parametrize("start", [None, first])
def test_servers_that_start_at_once_migrate_once(
    engine: Engine, catalog_uri: str, start: Callable[[Engine], None] | None, tmp_path: Path
) -> None:
    if start:
        start(engine)
    once = "import sqlalchemy as sa\nfrom alembic import op\n" + (
        f"revision, down_revision = '{NEXT}', '{HEAD}'\n"
        "def upgrade() -> None:\n"
        "    op.create_table('migrated', sa.Column('at', sa.Text))\n"
        "    op.execute(\"INSERT INTO migrated VALUES ('now')\")\n"
    )
    migrations = later(tmp_path, once)
    (tmp_path / "start.py").write_text(
        "import sys\nfrom pathlib import Path\n"
        "from muniment.catalog.connections import make_engine\n"
        "from muniment.catalog.migrations.scripts import Migrations\n"
        "from muniment.catalog.schema import bring_to_head\n"
        "sys.stdin.readline()\n"
        "bring_to_head(make_engine(sys.argv[1]), Migrations(Path(sys.argv[2]), sys.argv[3]))\n"
    )
    command = [sys.executable, str(tmp_path / "start.py"), catalog_uri, str(migrations.folder), NEXT]
    servers = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    with ThreadPoolExecutor(3) as starting:
        ended = list(starting.map(lambda server: server.communicate(b"\n", timeout=200), servers))
    assert [(server.returncode, said[1]) for server, said in zip(servers, ended, strict=True)] == [
        (0, b"")
    ] * 3
    assert rows(engine)["alembic_version"] == [(NEXT,)]
    if start:
        assert rows(engine)["migrated"] == [("now",)]


def test_two_catalogs_can_be_migrated_by_one_process_at_once(tmp_path: Path) -> None:
    engines = [make_engine(f"sqlite:///{tmp_path / str(number) / 'catalog.db'}") for number in range(4)]
    for engine in engines:
        first(engine)
    with ThreadPoolExecutor(4) as opening:
        list(opening.map(bring_to_head, engines))
    for engine in engines:
        assert rows(engine)["alembic_version"] == [(HEAD,)]
        assert len(rows(engine)["documents"]) == 2
        engine.dispose()


def test_a_file_is_copied_before_it_is_migrated(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    first(engine)
    before = schema(engine), rows(engine)
    bring_to_head(engine)
    engine.dispose()
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"catalog.db", f"catalog.before-{HEAD}.db"}
    copy = make_engine(f"sqlite:///{tmp_path / f'catalog.before-{HEAD}.db'}")
    assert (schema(copy), rows(copy)) == before
    copy.dispose()


def test_a_file_that_cannot_be_copied_is_not_migrated(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'catalog.db'}")
    first(engine)
    before = schema(engine), rows(engine)
    (tmp_path / f"catalog.before-{HEAD}.db" / "in the way").mkdir(parents=True)
    with pytest.raises(MunimentError) as caught:
        bring_to_head(engine)
    assert caught.value.code == "catalog_backup_failed"
    assert (schema(engine), rows(engine)) == before
    engine.dispose()


def test_a_start_without_a_migration_does_not_load_alembic(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom muniment.catalog import Catalog\n"
        "for _ in range(2): Catalog.open(sys.argv[1]).close()\n"
        "assert 'alembic' not in sys.modules and 'mako' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path / 'catalog.db'}"], check=True)


def test_a_new_file_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'catalog.db'}"
    # The limit is SQLite's own stand-in for a full disk.
    limit = lambda connection, _: connection.execute("PRAGMA max_page_count=20")  # noqa: E731
    event.listen(Engine, "connect", limit)
    try:
        with pytest.raises(MunimentError) as caught:
            Catalog.open(uri)
    finally:
        event.remove(Engine, "connect", limit)
    assert caught.value.code == "disk_full"
    engine = make_engine(uri)
    assert schema(engine) == {}
    engine.dispose()
    Catalog.open(uri).close()


def test_every_one_of_many_documents_is_named(engine: Engine) -> None:
    first(engine)
    columns = [column["name"] for column in inspect(engine).get_columns("documents")]
    shown = ", ".join("'file:///' || i" if name == "uri" else name for name in columns)
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11000)"
    execute(
        engine, f"{counting} INSERT INTO documents SELECT {shown} FROM documents, n WHERE uri = '{NAMED}'"
    )
    bring_to_head(engine)
    with engine.connect() as connection:
        named = connection.execute(text("SELECT uri, file_id FROM documents")).all()
    assert len(named) == 11_002
    assert [uri for uri, file_id in named if file_id != file_id_of("docs", uri)] == []
