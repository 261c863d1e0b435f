"""Steps over OpenAI's files and vector stores, as every client that has these calls makes them."""

from steps import State, equal, expect, items, refusal, refused, waited

GASKET = "Gasket G-4 is made of PTFE. Pump P-7 has a 36 month warranty."
VALVE = "Valve V-2 opens at 9 bar."
STATIC = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}}
UNKNOWN = (400, 404)


def file_is_uploaded(s: State):
    s.file = s.client.files.create(file=("gasket.txt", GASKET.encode()), purpose="assistants")
    expect(s.file.id.startswith("file-"), s.file)
    equal((s.file.bytes, s.file.filename, s.file.object), (len(GASKET), "gasket.txt", "file"), s.file)
    return s.file.id


def second_file_is_uploaded(s: State):
    s.valve = s.client.files.create(file=("valve.txt", VALVE.encode()), purpose="assistants")
    expect(s.valve.id != s.file.id, s.valve)


def file_is_listed(s: State):
    expect(s.file.id in [file.id for file in items(s.client.files.list())], s.file.id)


def files_are_paged(s: State):
    seen: list[str] = []
    more = {}
    while not {s.file.id, s.valve.id} <= set(seen):
        page = s.client.files.list(limit=1, **more)
        equal(len(items(page)), 1, page)
        seen.append(items(page)[0].id)
        more = {"after": seen[-1]}
        expect(len(seen) == len(set(seen)), seen)
    return len(seen)


def file_is_retrieved(s: State):
    file = s.client.files.retrieve(s.file.id)
    equal((file.id, file.filename, file.purpose), (s.file.id, "gasket.txt", "assistants"), file)


def file_content_is_what_was_uploaded(s: State):
    content = s.client.files.content(s.file.id)
    data = getattr(content, "content", None) or content
    data = data.read() if hasattr(data, "read") else data
    equal(data.decode() if isinstance(data, bytes) else data, GASKET)


def file_expires(s: State):
    file = s.client.files.create(
        file=("expires.txt", b"Soon gone."),
        purpose="assistants",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    equal(file.expires_at - file.created_at, 3600, file)
    s.client.files.delete(file.id)


def unknown_file_is_refused(s: State):
    return refused(lambda: s.client.files.retrieve("file-" + "0" * 32), 400, 404)


def store_is_created(s: State):
    extra = {"embedding_model": s.embedding_model, "embedding_dimension": s.dimension}
    s.store = s.client.vector_stores.create(name=s.name("parts"), metadata={"team": "ops"}, extra_body=extra)
    expect(s.store.id, s.store)
    equal((s.store.name, s.store.metadata["team"]), (s.name("parts"), "ops"), s.store)
    equal((s.store.file_counts.total, s.store.object), (0, "vector_store"), s.store)
    return s.store.id


def store_has_an_id_of_its_own(s: State):
    expect(s.store.id.startswith("vs_"), s.store.id)


def store_without_a_model_takes_the_default(s: State):
    store = s.client.vector_stores.create(name=s.name("default"))
    equal(s.client.vector_stores.retrieve(store.id).name, s.name("default"))
    equal(s.client.vector_stores.delete(store.id).deleted, True)


def store_of_an_unknown_model_is_refused(s: State):
    extra = {"embedding_model": "nope", "embedding_dimension": s.dimension}
    return refused(lambda: s.client.vector_stores.create(name="x", extra_body=extra), 400, 404)


def store_of_a_wrong_dimension_is_not_made_silently(s: State):
    extra = {"embedding_model": s.embedding_model, "embedding_dimension": 5}
    return refused(lambda: s.client.vector_stores.create(name="x", extra_body=extra), 400)


def store_is_listed(s: State):
    expect(s.store.id in [store.id for store in items(s.client.vector_stores.list())], s.store.id)


def store_is_retrieved(s: State):
    store = s.client.vector_stores.retrieve(s.store.id)
    equal((store.id, store.name, store.status), (s.store.id, s.store.name, "completed"), store)


def store_is_renamed(s: State):
    s.client.vector_stores.update(s.store.id, name=s.name("renamed"), metadata={"team": "sea", "x": "1"})
    store = s.client.vector_stores.retrieve(s.store.id)
    equal((store.name, store.metadata["team"], store.metadata["x"]), (s.name("renamed"), "sea", "1"), store)


def unknown_store_is_refused(s: State):
    return refused(lambda: s.client.vector_stores.retrieve("vs_nope"), *s.unknown_store)


def unknown_store_is_not_searched(s: State):
    return refused(lambda: s.client.vector_stores.search("vs_nope", query="gasket"), *s.unknown_store)


def unknown_store_is_not_deleted(s: State):
    return refused(lambda: s.client.vector_stores.delete("vs_nope"), *s.unknown_store)


def file_is_attached(s: State):
    file = s.client.vector_stores.files.create(s.store.id, file_id=s.file.id)
    equal((file.id, file.vector_store_id, file.object), (s.file.id, s.store.id, "vector_store.file"), file)
    expect(file.status in ("in_progress", "completed"), file)


def file_is_attached_with_attributes(s: State):
    file = s.client.vector_stores.files.create(
        s.store.id,
        file_id=s.file.id,
        attributes={"team": "ops", "year": 2024, "draft": False},
        chunking_strategy=STATIC,
    )
    equal(file.id, s.file.id, file)
    equal((file.attributes["team"], file.attributes["year"]), ("ops", 2024), file)
    equal(file.chunking_strategy.static.max_chunk_size_tokens, 100, file)
    expect(file.status in ("in_progress", "completed"), file)


def overlap_must_be_smaller_than_size(s: State):
    static = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 100}
    strategy = {"type": "static", "static": static}
    attach = s.client.vector_stores.files.create
    upload = s.client.files.create(file=("overlap.txt", b"Overlapping."), purpose="assistants")
    return refused(lambda: attach(s.store.id, file_id=upload.id, chunking_strategy=strategy), 400, 422)


def attached_file_is_completed(s: State):
    look = s.client.vector_stores.files.retrieve
    file = waited(lambda: look(vector_store_id=s.store.id, file_id=s.file.id), settled)
    equal((file.status, file.last_error), ("completed", None), file)
    return file


def settled(file) -> bool:
    return file.status in ("completed", "failed", "cancelled")


def unknown_file_does_not_attach(s: State):
    """Refused, or kept with status failed and a reason."""
    attach = s.client.vector_stores.files.create
    unknown = "file-" + "0" * 32
    try:
        file = attach(s.store.id, file_id=unknown)
    except Exception as error:
        return refusal(error, 400, 404)
    equal(file.status, "failed", file)
    expect(file.last_error.message, file)
    return file


def unreadable_file_fails_with_a_reason(s: State):
    data = b"%PDF-1.7 this is no PDF"
    upload = s.client.files.create(file=("broken.pdf", data), purpose="assistants")
    s.client.vector_stores.files.create(s.store.id, file_id=upload.id)
    look = s.client.vector_stores.files.retrieve
    file = waited(lambda: look(vector_store_id=s.store.id, file_id=upload.id), settled)
    equal(file.status, "failed", file)
    expect(file.last_error.message, file)
    s.client.vector_stores.files.delete(vector_store_id=s.store.id, file_id=upload.id)
    s.client.files.delete(upload.id)
    return file.last_error


def files_of_the_store_are_listed(s: State):
    files = s.client.vector_stores.files
    expect(s.file.id in [file.id for file in items(files.list(s.store.id))], files.list(s.store.id))
    done = items(files.list(s.store.id, filter="completed"))
    expect(s.file.id in [file.id for file in done], done)
    failed = items(files.list(s.store.id, filter="failed"))
    expect(s.file.id not in [file.id for file in failed], failed)


def content_of_an_attached_file_as_content(s: State):
    page = s.client.vector_stores.files.content(vector_store_id=s.store.id, file_id=s.file.id)
    parts = page.content  # openai's client has it as an extra field
    text = " ".join(part["text"] if isinstance(part, dict) else part.text for part in parts)
    expect(GASKET in text, page)
    equal((page.file_id, page.filename), (s.file.id, "gasket.txt"), page)


def content_of_an_attached_file_as_data(s: State):
    page = s.client.vector_stores.files.content(vector_store_id=s.store.id, file_id=s.file.id)
    expect(GASKET in " ".join(part.text for part in items(page)), page)
    equal(items(page)[0].type, "text", page)


def attributes_are_changed(s: State):
    changed = s.client.vector_stores.files.update(
        vector_store_id=s.store.id,
        file_id=s.file.id,
        attributes={"team": "sea", "year": 2025, "draft": False},
    )
    equal((changed.id, changed.attributes["team"]), (s.file.id, "sea"), changed)
    team = {"type": "eq", "key": "team", "value": "sea"}
    found = items(s.client.vector_stores.search(s.store.id, query="gasket", filters=team))
    expect(found, "search with the new attribute finds nothing")
    expect(all(hit.attributes["team"] == "sea" for hit in found), found)


def file_of_the_store_is_counted(s: State):
    counts = s.client.vector_stores.retrieve(s.store.id).file_counts
    equal((counts.total, counts.completed, counts.failed, counts.in_progress), (1, 1, 0, 0), counts)


def batch_is_made(s: State):
    batches = s.client.vector_stores.file_batches
    s.batch = batches.create(
        vector_store_id=s.store.id,
        file_ids=[s.valve.id],
        attributes={"team": "air", "year": 2020, "draft": True},
    )
    expect(s.batch.id, s.batch)
    equal((s.batch.vector_store_id, s.batch.file_counts.total), (s.store.id, 1), s.batch)
    look = batches.retrieve
    batch = waited(lambda: look(vector_store_id=s.store.id, batch_id=s.batch.id), settled)
    equal((batch.status, batch.file_counts.completed), ("completed", 1), batch)


def files_of_the_batch_are_listed(s: State):
    batches = s.client.vector_stores.file_batches
    files = items(batches.list_files(vector_store_id=s.store.id, batch_id=s.batch.id))
    equal([(file.id, file.status) for file in files], [(s.valve.id, "completed")])


def batch_is_cancelled_or_done(s: State):
    batches = s.client.vector_stores.file_batches
    batch = batches.create(vector_store_id=s.store.id, file_ids=[s.valve.id])
    try:
        batches.cancel(vector_store_id=s.store.id, batch_id=batch.id)
    except Exception as error:  # it was done before it could be cancelled
        refusal(error, 400, 409)
    look = batches.retrieve
    ended = waited(lambda: look(vector_store_id=s.store.id, batch_id=batch.id), settled)
    expect(ended.status in ("cancelled", "completed"), ended)


def unknown_batch_is_refused(s: State):
    look = s.client.vector_stores.file_batches.retrieve
    return refused(lambda: look(vector_store_id=s.store.id, batch_id="batch_nope"), 400, 404)


def every_file_of_the_store_is_counted(s: State):
    counts = s.client.vector_stores.retrieve(s.store.id).file_counts
    equal((counts.total, counts.completed, counts.failed), (2, 2, 0), counts)


def file_leaves_the_store(s: State):
    files = s.client.vector_stores.files
    gone = files.delete(vector_store_id=s.store.id, file_id=s.file.id)
    equal((gone.id, gone.deleted), (s.file.id, True), gone)
    found = items(s.client.vector_stores.search(s.store.id, query="gasket material"))
    expect(not any("Gasket" in hit.content[0].text for hit in found), found)
    refused(lambda: files.retrieve(vector_store_id=s.store.id, file_id=s.file.id), 400, 404)
    equal(s.client.files.retrieve(s.file.id).id, s.file.id)


def file_is_deleted(s: State):
    gone = s.client.files.delete(s.file.id)
    equal((gone.id, gone.deleted), (s.file.id, True), gone)
    return refused(lambda: s.client.files.retrieve(s.file.id), 400, 404)


def store_is_deleted(s: State):
    gone = s.client.vector_stores.delete(s.store.id)
    equal((gone.id, gone.deleted), (s.store.id, True), gone)
    return refused(lambda: s.client.vector_stores.retrieve(s.store.id), *s.unknown_store)


FILES = (
    file_is_uploaded,
    second_file_is_uploaded,
    file_is_listed,
    file_is_retrieved,
    file_content_is_what_was_uploaded,
    unknown_file_is_refused,
)
STORES = (
    store_is_created,
    store_of_an_unknown_model_is_refused,
    store_of_a_wrong_dimension_is_not_made_silently,
    store_is_listed,
    store_is_retrieved,
    unknown_store_is_refused,
    unknown_store_is_not_searched,
    unknown_store_is_not_deleted,
)
ATTACHED = (
    file_is_attached_with_attributes,
    attached_file_is_completed,
    file_of_the_store_is_counted,
    files_of_the_store_are_listed,
)
BATCHES = (
    batch_is_made,
    files_of_the_batch_are_listed,
    unknown_batch_is_refused,
    every_file_of_the_store_is_counted,
)
FAILING = (
    overlap_must_be_smaller_than_size,
    unknown_file_does_not_attach,
    unreadable_file_fails_with_a_reason,
    batch_is_cancelled_or_done,
)
ENDING = (attributes_are_changed, store_is_renamed, file_leaves_the_store, file_is_deleted, store_is_deleted)
