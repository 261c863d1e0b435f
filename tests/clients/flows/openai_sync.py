"""The flow of OpenAI's own client. usage: python openai_sync.py BASE_URL [--llm MODEL] …"""

import json

import openai_files as files
import openai_models as models
import openai_responses as responses
import openai_search as search
from openai_files import VALVE
from steps import Flow, State, equal, expect, items, main, plain, refused, waited


def connect(s: State) -> None:
    import openai

    s.client = openai.OpenAI(base_url=f"{s.base_url}/v1", api_key="none", max_retries=0)
    prepare(s, openai.__version__)


def prepare(s: State, version: str) -> None:
    """What the steps need to know besides."""
    s.version, s.openai_prefix = version, "/v1"
    s.unknown_store, s.list_items = (400, 404), {}
    s.headers = {"User-Agent": f"OpenAI/Python {version}"}
    s.search_query = lambda query: [query]


flow = Flow(connect)
flow.add(*models.MODELS, *models.CHAT, *models.EMBEDDINGS)
flow.add(*files.FILES, files.files_are_paged, files.file_expires)
flow.add(*files.STORES, files.store_has_an_id_of_its_own, files.store_without_a_model_takes_the_default)
flow.add(*files.ATTACHED, files.content_of_an_attached_file_as_data, *files.BATCHES)
flow.add(*search.SEARCH, search.search_takes_several_queries)
flow.add(*responses.RESPONSES, *responses.STREAMS, *responses.MCP)
flow.add(*responses.CONVERSATIONS)


@flow.step
def store_is_made_with_files(s: State):
    store = s.client.vector_stores.create(
        name=s.name("filled"),
        file_ids=[s.file.id, s.valve.id],
        expires_after={"anchor": "last_active_at", "days": 7},
    )
    look = s.client.vector_stores.retrieve
    filled = waited(lambda: look(store.id), lambda seen: seen.file_counts.in_progress == 0)
    equal((filled.file_counts.completed, filled.file_counts.total), (2, 2), filled)
    equal(filled.expires_after.days, 7, filled)
    s.client.vector_stores.delete(store.id)


@flow.step
def create_and_poll_ends_in_completed(s: State):
    s.polled = s.client.vector_stores.create(name=s.name("polled"))
    file = s.client.vector_stores.files.create_and_poll(
        s.file.id, vector_store_id=s.polled.id, poll_interval_ms=100
    )
    equal((file.id, file.status), (s.file.id, "completed"), file)


@flow.step
def upload_and_poll_ends_in_completed(s: State):
    file = s.client.vector_stores.files.upload_and_poll(
        vector_store_id=s.polled.id,
        file=("sensor.txt", b"Sensor S-9 is calibrated yearly."),
        attributes={"team": "lab"},
        poll_interval_ms=100,
    )
    equal((file.status, file.attributes["team"]), ("completed", "lab"), file)
    found = items(s.client.vector_stores.search(s.polled.id, query="calibration of sensor S-9"))
    equal((found[0].file_id, found[0].filename), (file.id, "sensor.txt"), found)


@flow.step
def batch_create_and_poll_ends_in_completed(s: State):
    batches = s.client.vector_stores.file_batches
    batch = batches.create_and_poll(s.polled.id, file_ids=[s.valve.id], poll_interval_ms=100)
    equal((batch.status, batch.file_counts.completed, batch.file_counts.failed), ("completed", 1, 0), batch)


@flow.step
def batch_upload_and_poll_ends_in_completed(s: State):
    uploads = [
        ("one.txt", b"Bolt B-1 takes 20 newton metres."),
        ("two.txt", b"Bolt B-2 takes 30 newton metres."),
    ]
    batch = s.client.vector_stores.file_batches.upload_and_poll(
        s.polled.id, files=uploads, poll_interval_ms=100
    )
    equal((batch.status, batch.file_counts.completed), ("completed", 2), batch)
    found = items(s.client.vector_stores.search(s.polled.id, query="bolt B-2"))
    equal(found[0].filename, "two.txt", found)
    equal(s.client.vector_stores.retrieve(s.polled.id).file_counts.completed, 5)


@flow.step
def batch_with_attributes_per_file(s: State):
    store = s.client.vector_stores.create(name=s.name("per-file"))
    entries = [
        {"file_id": s.file.id, "attributes": {"team": "ops"}},
        {"file_id": s.valve.id, "attributes": {"team": "air"}},
    ]
    batch = s.client.vector_stores.file_batches.create_and_poll(store.id, files=entries, poll_interval_ms=100)
    equal(batch.file_counts.completed, 2, batch)
    air = {"type": "eq", "key": "team", "value": "air"}
    equal(search.texts(items(s.client.vector_stores.search(store.id, query="parts", filters=air))), [VALVE])
    s.client.vector_stores.delete(store.id)


@flow.step
def listings_turn_pages_by_themselves(s: State):
    names = [file.id for file in s.client.vector_stores.files.list(s.polled.id, limit=2)]
    equal((len(names), len(set(names))), (5, 5), names)


@flow.step
def response_leads_to_page_and_box(s: State):
    pdf = s.client.vector_stores.files.upload_and_poll(
        vector_store_id=s.polled.id,
        file=("hoist.pdf", one_page_pdf("Hoist H-3 lifts 900 kilograms.")),
        poll_interval_ms=100,
    )
    equal(pdf.status, "completed", pdf)
    tools = [{"type": "file_search", "vector_store_ids": [s.polled.id]}]
    response = s.client.responses.create(model=s.llm, input="How much does hoist H-3 lift?", tools=tools)
    expect("Hoist H-3 lifts 900 kilograms" in responses.text(response), response)
    notes = [plain(note) for note in responses.annotations(response)]
    note = next((note for note in notes if note["file_id"] == pdf.id), None)
    expect(note, notes)
    evidence = str(note.get("muniment"))
    expect("page" in evidence and "box" in evidence, note)
    return note


def one_page_pdf(text: str) -> bytes:
    """A PDF of one page with one line."""
    drawn = f"BT /F1 14 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


@flow.step
def chat_stream_helper_ends_with_the_whole(s: State):
    with s.client.chat.completions.stream(model=s.llm, messages=models.HI) as stream:
        final = stream.get_final_completion()
    equal(final.choices[0].message.content, models.GROUNDED, final)


@flow.step
def response_stream_helper_ends_with_the_whole(s: State):
    with s.client.responses.stream(
        model=s.llm, input=responses.QUESTION, tools=responses.file_search(s)
    ) as stream:
        final = stream.get_final_response()
    expect(responses.ANSWER in final.output_text, final)


@flow.step
def response_is_json_by_schema(s: State):
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    wanted = {"type": "json_schema", "name": "reply", "schema": schema}
    response = s.client.responses.create(model=s.llm, input="hi", text={"format": wanted})

    equal(json.loads(response.output_text), {"answer": models.GROUNDED}, response)


@flow.step
def response_that_is_not_stored_is_not_kept(s: State):
    response = s.client.responses.create(model=s.llm, input="hi", store=False)
    equal(response.output_text, models.GROUNDED)
    return refused(lambda: s.client.responses.retrieve(response.id), 400, 404)


@flow.step
def response_keeps_its_metadata(s: State):
    response = s.client.responses.create(model=s.llm, input="hi", metadata={"ticket": "17"})
    equal(s.client.responses.retrieve(response.id).metadata, {"ticket": "17"})


@flow.step
def response_in_the_background_is_cancelled(s: State):
    running = s.client.responses.create(model=s.llm, input="Count slowly.", background=True)
    expect(running.status in ("queued", "in_progress"), running)
    equal(s.client.responses.cancel(running.id).status, "cancelled")
    equal(s.client.responses.retrieve(running.id).status, "cancelled")


@flow.step
def response_in_the_background_is_completed(s: State):
    running = s.client.responses.create(model=s.llm, input="hi", background=True)
    ended = waited(
        lambda: s.client.responses.retrieve(running.id),
        lambda seen: seen.status not in ("queued", "in_progress"),
    )
    equal((ended.status, ended.output_text), ("completed", models.GROUNDED), ended)


@flow.step
def item_of_a_conversation_is_deleted(s: State):
    note = {"type": "message", "role": "user", "content": "Mind the gap."}
    talk = s.client.conversations.create(items=[note])
    (item,) = items(s.client.conversations.items.list(talk.id))
    equal(s.client.conversations.items.retrieve(item.id, conversation_id=talk.id).id, item.id)
    s.client.conversations.items.delete(item.id, conversation_id=talk.id)
    equal(items(s.client.conversations.items.list(talk.id)), [])


@flow.step
def moderation_is_a_verdict_or_a_clear_no(s: State):
    """A verdict for each text, or 501 that says what is missing."""
    return moderation(s, model="omni-moderation-latest")


def moderation(s: State, **options: str):
    try:
        answer = s.client.moderations.create(input=["hi", "ho"], **options)
    except Exception as error:
        equal(getattr(error, "status_code", None), 501, error)
        expect(len(str(error)) > len("Error code: 501 - "), error)
        return error
    equal([result.flagged for result in answer.results], [False, False], answer)


flow.add(*files.FAILING, *files.ENDING)

if __name__ == "__main__":
    main(flow)
