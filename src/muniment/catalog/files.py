"""Uploaded files, and which of them are attached to which collection."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, select, update

from muniment.catalog.database import Database
from muniment.catalog.tables import file_batches, files, store_files
from muniment.types import FileBatch, FileCounts, StaticChunking, StoreFile, StoreFileState, UploadedFile


class Files:
    """Files and attachments. Batches are known by their attachments; only their making is kept."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction

    # -- uploaded files

    def save(self, file: UploadedFile) -> None:
        """Keep a new file's record."""
        with self._transaction() as connection:
            connection.execute(insert(files).values(**asdict(file)))

    def get(self, file_id: str) -> UploadedFile | None:
        """The file, or None."""
        with self._transaction() as connection:
            row = connection.execute(select(files).where(files.c.id == file_id)).first()
        return UploadedFile(**row._mapping) if row else None

    def list(self, *, purpose: str | None = None) -> tuple[UploadedFile, ...]:
        """All files, oldest first."""
        query = select(files).order_by(files.c.created_at, files.c.id)
        if purpose is not None:
            query = query.where(files.c.purpose == purpose)
        with self._transaction() as connection:
            return tuple(UploadedFile(**row._mapping) for row in connection.execute(query))

    def remove(self, file_id: str) -> bool:
        """Forget the file; whether it was there."""
        with self._transaction() as connection:
            return bool(connection.execute(delete(files).where(files.c.id == file_id)).rowcount)

    def holds_content(self, content_hash: str) -> bool:
        """Whether a file has these bytes."""
        query = select(files.c.id).where(files.c.content_hash == content_hash).limit(1)
        with self._transaction() as connection:
            return connection.execute(query).first() is not None

    def with_content(self, hashes: Collection[str]) -> set[str]:
        """Those of the content hashes that a file has."""
        query = select(files.c.content_hash).distinct().where(files.c.content_hash.in_(hashes))
        with self._transaction() as connection:
            return set(connection.scalars(query))

    def any(self) -> bool:
        """Whether there is any file."""
        with self._transaction() as connection:
            return connection.execute(select(files.c.id).limit(1)).first() is not None

    # -- attachments

    def save_attached(self, attached: Sequence[StoreFile]) -> None:
        """Write attachments, replacing those of the same file to the same collection."""
        with self._transaction() as connection:
            for one in attached:
                connection.execute(delete(store_files).where(_key(one.collection, one.file_id)))
                connection.execute(insert(store_files).values(**_values(one)))

    def end_attached(self, ended: StoreFile) -> bool:
        """Write how an attachment ended, unless it was cancelled or removed meanwhile; whether it was."""
        waiting = and_(
            _key(ended.collection, ended.file_id),
            store_files.c.state == StoreFileState.IN_PROGRESS.value,
        )
        with self._transaction() as connection:
            changed = connection.execute(update(store_files).where(waiting).values(**_values(ended)))
            return bool(changed.rowcount)

    def attached(self, collection: str, file_id: str) -> StoreFile | None:
        """One attachment, or None."""
        return next(iter(self._attached(select(store_files).where(_key(collection, file_id)))), None)

    def all_attached(
        self,
        collection: str | None = None,
        *,
        batch_id: str | None = None,
        file_id: str | None = None,
        state: StoreFileState | None = None,
    ) -> tuple[StoreFile, ...]:
        """Attachments that fit all that is given, oldest first."""
        query = select(store_files).order_by(store_files.c.created_at, store_files.c.file_id)
        for column, value in (
            (store_files.c.collection, collection),
            (store_files.c.batch_id, batch_id),
            (store_files.c.file_id, file_id),
            (store_files.c.state, state.value if state else None),
        ):
            if value is not None:
                query = query.where(column == value)
        return self._attached(query)

    def tally(self, collection: str) -> dict[StoreFileState, tuple[int, int]]:
        """How many attachments are in each state, and their bytes."""
        state = store_files.c.state
        query = select(state, func.count(), func.sum(store_files.c.size)).group_by(state)
        with self._transaction() as connection:
            rows = connection.execute(query.where(store_files.c.collection == collection))
            return {StoreFileState(row[0]): (row[1], int(row[2])) for row in rows}

    def remove_attached(self, collection: str, file_id: str | None = None) -> None:
        """Forget one attachment, or all of the collection with its batches."""
        with self._transaction() as connection:
            if file_id is not None:
                connection.execute(delete(store_files).where(_key(collection, file_id)))
                return
            connection.execute(delete(store_files).where(store_files.c.collection == collection))
            connection.execute(delete(file_batches).where(file_batches.c.collection == collection))

    def _attached(self, query: Select[Any]) -> tuple[StoreFile, ...]:
        with self._transaction() as connection:
            return tuple(_store_file(row) for row in connection.execute(query))

    # -- batches

    def save_batch(self, batch: FileBatch) -> None:
        """Write a batch, replacing an earlier state of it."""
        with self._transaction() as connection:
            connection.execute(delete(file_batches).where(file_batches.c.id == batch.id))
            connection.execute(
                insert(file_batches).values(
                    id=batch.id,
                    collection=batch.collection,
                    created_at=batch.created_at,
                    cancelled=int(batch.cancelled),
                )
            )

    def batch(self, batch_id: str) -> FileBatch | None:
        """The batch with the counts of its files, or None."""
        with self._transaction() as connection:
            row = connection.execute(select(file_batches).where(file_batches.c.id == batch_id)).first()
        if row is None:
            return None
        counts = counts_of(self.all_attached(row.collection, batch_id=batch_id))
        return FileBatch(row.id, row.collection, row.created_at, counts, bool(row.cancelled))


def counts_of(attached: Sequence[StoreFile]) -> FileCounts:
    """How many are in each state."""
    states = [one.state.value for one in attached]
    return FileCounts(**{state.value: states.count(state.value) for state in StoreFileState})


def _key(collection: str, file_id: str) -> Any:
    return and_(store_files.c.collection == collection, store_files.c.file_id == file_id)


def _values(attached: StoreFile) -> dict[str, Any]:
    values = asdict(attached) | {"state": attached.state.value}
    del values["chunking"]
    chunking = attached.chunking
    return values | {
        "max_tokens": chunking.max_tokens if chunking else None,
        "overlap_tokens": chunking.overlap_tokens if chunking else None,
    }


def _store_file(row: Row[Any]) -> StoreFile:
    values = dict(row._mapping)
    sizes = values.pop("max_tokens"), values.pop("overlap_tokens")
    values["chunking"] = None if sizes[0] is None else StaticChunking(*sizes)
    values["state"] = StoreFileState(values["state"])
    return StoreFile(**values)
