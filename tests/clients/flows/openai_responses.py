"""Steps over responses and conversations, with the store and the files of the steps before."""

import json

from openai_models import GROUNDED, WEATHER
from steps import State, equal, expect, in_order, items, plain, refused

QUESTION = "What is the warranty of pump P-7?"
ANSWER = "Pump P-7 has a 36 month warranty"
COUNT = "How many questions did I ask?"
TOOL = {"type": "function", **WEATHER}


def file_search(s: State) -> list[dict[str, object]]:
    return [{"type": "file_search", "vector_store_ids": [s.store.id]}]


def types(response) -> list[str]:
    return [item.type for item in response.output]


def text(response) -> str:
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    return "".join(part.text for part in parts)


def annotations(response) -> list[object]:
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    return [note for part in parts for note in part.annotations or []]


def response_is_written(s: State):
    response = s.client.responses.create(model=s.llm, input="hi")
    equal((response.status, types(response), text(response)), ("completed", ["message"], GROUNDED), response)
    expect(response.id.startswith("resp"), response.id)


def response_searches_files(s: State):
    s.response = s.client.responses.create(model=s.llm, input=QUESTION, tools=file_search(s))
    equal((s.response.status, types(s.response)), ("completed", ["file_search_call", "message"]), s.response)
    expect(ANSWER in text(s.response), s.response)
    search = s.response.output[0]
    equal(search.status, "completed", search)
    expect(search.queries, search)


def response_shows_what_was_found(s: State):
    include = ["file_search_call.results"]
    s.response = s.client.responses.create(model=s.llm, input=QUESTION, tools=file_search(s), include=include)
    best = s.response.output[0].results[0]
    equal((best.file_id, best.filename), (s.file.id, "gasket.txt"), best)
    expect(ANSWER in best.text, best)
    expect(best.score > 0, best)


def response_cites_the_file(s: State):
    notes = [plain(note) for note in annotations(s.response)]
    expect(notes, s.response)
    note = notes[0]
    equal(
        (note["type"], note["file_id"], note["filename"]), ("file_citation", s.file.id, "gasket.txt"), notes
    )
    expect(0 <= note["index"] <= len(text(s.response)), note, text(s.response))
    equal(s.client.files.retrieve(note["file_id"]).filename, "gasket.txt")
    expect("<|" not in text(s.response), text(s.response))


def response_of_an_unknown_store_is_refused(s: State):
    tools = [{"type": "file_search", "vector_store_ids": ["vs_nope"]}]
    return refused(lambda: s.client.responses.create(model=s.llm, input=QUESTION, tools=tools), 400, 404)


def response_of_an_unknown_model_is_refused(s: State):
    return refused(lambda: s.client.responses.create(model="nope", input="hi"), 400, 404)


def response_filters_files(s: State):
    tool = {**file_search(s)[0], "filters": {"type": "eq", "key": "team", "value": "nobody"}}
    response = s.client.responses.create(
        model=s.llm, input=QUESTION, tools=[tool], include=["file_search_call.results"]
    )
    equal(list(response.output[0].results or []), [], response)
    expect(ANSWER not in text(response), response)


def response_is_streamed_in_order(s: State):
    events = list(s.client.responses.create(model=s.llm, input=QUESTION, stream=True, tools=file_search(s)))
    s.events = events
    kinds = [event.type for event in events]
    equal((kinds[0], kinds[-1]), ("response.created", "response.completed"), kinds)
    in_order(
        kinds,
        [
            "response.created",
            "response.output_item.added",
            "response.file_search_call.in_progress",
            "response.file_search_call.searching",
            "response.file_search_call.completed",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ],
    )


def stream_numbers_its_events(s: State):
    numbers = [getattr(event, "sequence_number", None) for event in s.events]
    expect(numbers[0] in (0, 1), numbers)
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))


def stream_adds_up(s: State):
    deltas = "".join(event.delta for event in s.events if event.type == "response.output_text.delta")
    last = s.events[-1].response
    expect(ANSWER in text(last), last)
    equal(deltas, text(last))
    done = next(event for event in s.events if event.type == "response.output_text.done")
    equal(done.text, text(last))
    equal((last.id, last.status), (s.events[0].response.id, "completed"))


def streamed_citations_are_announced(s: State):
    added = [event for event in s.events if event.type == "response.output_text.annotation.added"]
    expect(added, [event.type for event in s.events])
    equal(plain(added[0].annotation)["file_id"], s.file.id, added[0])


def response_is_kept(s: State):
    kept = s.client.responses.retrieve(s.response.id)
    equal((kept.id, kept.status, text(kept)), (s.response.id, "completed", text(s.response)), kept)


def responses_are_listed(s: State):
    expect(s.response.id in [response.id for response in items(s.client.responses.list())], s.response.id)


def input_of_a_response_is_kept(s: State):
    entries = items(s.client.responses.input_items.list(s.response.id))
    expect(QUESTION in json.dumps([plain(entry) for entry in entries], default=str), entries)


def unknown_response_is_refused(s: State):
    return refused(lambda: s.client.responses.retrieve("resp_nope"), 400, 404)


def response_goes_on_from_another(s: State):
    first = s.client.responses.create(model=s.llm, input=COUNT)
    equal(text(first), "You asked 1 questions.", first)
    second = s.client.responses.create(model=s.llm, input=COUNT, previous_response_id=first.id)
    equal(text(second), "You asked 2 questions.", second)
    equal(second.previous_response_id, first.id, second)
    third = s.client.responses.create(model=s.llm, input=COUNT, previous_response_id=second.id)
    equal(text(third), "You asked 3 questions.", third)


def response_from_an_unknown_one_is_refused(s: State):
    go_on = s.client.responses.create
    return refused(lambda: go_on(model=s.llm, input="x", previous_response_id="resp_nope"), 400, 404)


def response_calls_a_function(s: State):
    asked = {"role": "user", "content": "The weather in Oslo?"}
    first = s.client.responses.create(model=s.llm, input=[asked], tools=[TOOL])
    equal(types(first), ["function_call"], first)
    call = first.output[0]
    equal(call.name, "get_weather", call)
    expect("Oslo" in json.loads(call.arguments)["city"], call)
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "It is 7 degrees in Oslo."}
    called = {
        "type": "function_call",
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
    }
    whole = s.client.responses.create(model=s.llm, input=[asked, called, output], tools=[TOOL])
    equal(text(whole), "It is 7 degrees in Oslo.", whole)


def function_output_follows_a_response(s: State):
    first = s.client.responses.create(model=s.llm, input="The weather in Oslo?", tools=[TOOL])
    output = {
        "type": "function_call_output",
        "call_id": first.output[0].call_id,
        "output": "It is 7 degrees in Oslo.",
    }
    second = s.client.responses.create(
        model=s.llm, input=[output], tools=[TOOL], previous_response_id=first.id
    )
    equal(text(second), "It is 7 degrees in Oslo.", second)


def function_call_is_streamed(s: State):
    events = list(
        s.client.responses.create(model=s.llm, input="The weather in Oslo?", tools=[TOOL], stream=True)
    )
    in_order(
        [event.type for event in events],
        [
            "response.created",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ],
    )
    equal(types(events[-1].response), ["function_call"])


def mcp_server_that_is_down_is_told_of(s: State):
    tool = {"type": "mcp", "server_label": "stock", "server_url": "http://127.0.0.1:9/mcp"}
    made = s.client.responses.create(model=s.llm, input="hi", tools=[tool])
    listed = made.output[0]
    equal((made.status, listed.type, listed.server_label), ("completed", "mcp_list_tools", "stock"), made)
    return made


def mcp_server_elsewhere_is_refused_clearly(s: State):
    tool = {"type": "mcp", "server_label": "stock", "server_url": "http://192.0.2.1/mcp"}
    return refused(lambda: s.client.responses.create(model=s.llm, input="hi", tools=[tool]), 400)


def response_is_deleted(s: State):
    gone = s.client.responses.create(model=s.llm, input="hi")
    s.client.responses.delete(gone.id)
    return refused(lambda: s.client.responses.retrieve(gone.id), 400, 404)


def conversation_is_made(s: State):
    s.talk = s.client.conversations.create(metadata={"topic": "pumps"})
    expect(s.talk.id.startswith("conv_"), s.talk)
    kept = s.client.conversations.retrieve(s.talk.id)
    equal((kept.id, kept.metadata["topic"]), (s.talk.id, "pumps"), kept)


def conversation_is_changed(s: State):
    s.client.conversations.update(s.talk.id, metadata={"topic": "valves"})
    equal(s.client.conversations.retrieve(s.talk.id).metadata["topic"], "valves")


def conversation_is_gone_on_with(s: State):
    first = s.client.responses.create(model=s.llm, input=COUNT, conversation=s.talk.id)
    equal(text(first), "You asked 1 questions.", first)
    second = s.client.responses.create(model=s.llm, input=COUNT, conversation=s.talk.id)
    equal(text(second), "You asked 2 questions.", second)


def talk_items(s: State) -> list:
    return items(s.client.conversations.items.list(s.talk.id, **s.list_items))


def conversation_holds_what_was_said(s: State):
    said = [plain(item) for item in talk_items(s)]
    equal(sorted(item["role"] for item in said), ["assistant", "assistant", "user", "user"], said)
    expect("You asked 2 questions." in json.dumps(said, default=str), said)


def item_is_added(s: State):
    note = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Mind valve V-2."}]}
    added = items(s.client.conversations.items.create(s.talk.id, items=[note]))
    expect("Mind valve V-2." in json.dumps([plain(item) for item in added], default=str), added)
    s.note = plain(added[0])["id"]
    expect(s.note in [plain(item)["id"] for item in talk_items(s)], s.note)


def conversation_is_deleted(s: State):
    equal(s.client.conversations.delete(s.talk.id).deleted, True)
    return refused(lambda: s.client.conversations.retrieve(s.talk.id), 400, 404)


def unknown_conversation_is_refused(s: State):
    unknown = "conv_" + "0" * 48
    return refused(lambda: s.client.conversations.retrieve(unknown), 400, 404)


MCP = (mcp_server_that_is_down_is_told_of, mcp_server_elsewhere_is_refused_clearly)
RESPONSES = (
    response_is_written,
    response_searches_files,
    response_shows_what_was_found,
    response_cites_the_file,
    response_of_an_unknown_model_is_refused,
    response_of_an_unknown_store_is_refused,
    response_filters_files,
    response_is_kept,
    input_of_a_response_is_kept,
    unknown_response_is_refused,
    response_goes_on_from_another,
    response_from_an_unknown_one_is_refused,
    response_calls_a_function,
    function_output_follows_a_response,
    response_is_deleted,
)
STREAMS = (
    response_is_streamed_in_order,
    stream_numbers_its_events,
    stream_adds_up,
    streamed_citations_are_announced,
    function_call_is_streamed,
)
CONVERSATIONS = (
    conversation_is_made,
    conversation_is_changed,
    conversation_is_gone_on_with,
    conversation_holds_what_was_said,
    item_is_added,
    conversation_is_deleted,
    unknown_conversation_is_refused,
)
