"""Steps over models, chat, completions and embeddings."""

from steps import State, equal, expect, items, refused

HI = [{"role": "user", "content": "hi"}]
GROUNDED = "The answer is grounded."
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def name_of(model) -> str:
    return getattr(model, "id", None) or model.identifier


def models_are_listed(s: State):
    names = [name_of(model) for model in items(s.client.models.list())]
    expect(s.llm in names, names)
    expect(s.embedding_model in names, names)
    return names


def model_is_retrieved(s: State):
    equal(name_of(s.client.models.retrieve(s.llm)), s.llm)


def unknown_model_is_refused(s: State):
    return refused(lambda: s.client.models.retrieve("nope"), 400, 404)


def chat_is_answered(s: State):
    chat = s.client.chat.completions.create(model=s.llm, messages=HI)
    equal((chat.choices[0].message.content, chat.choices[0].finish_reason), (GROUNDED, "stop"), chat)
    equal(chat.choices[0].message.role, "assistant", chat)


def chat_is_streamed(s: State):
    chunks = list(s.client.chat.completions.create(model=s.llm, messages=HI, stream=True))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    equal(text, GROUNDED)
    equal([c.choices[0].finish_reason for c in chunks if c.choices][-1], "stop")
    equal(len({c.id for c in chunks}), 1)


def chat_calls_a_tool(s: State):
    tools = [{"type": "function", "function": WEATHER}]
    asked = [{"role": "user", "content": "Oslo"}]
    first = s.client.chat.completions.create(model=s.llm, messages=asked, tools=tools).choices[0]
    (call,) = first.message.tool_calls
    equal((call.function.name, first.finish_reason), ("get_weather", "tool_calls"), first)
    expect("Oslo" in call.function.arguments, call)
    called = {"id": call.id, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        *asked,
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": call.id, "content": "It is 7 degrees in Oslo."},
    ]
    second = s.client.chat.completions.create(model=s.llm, messages=messages, tools=tools).choices[0]
    equal(second.message.content, "It is 7 degrees in Oslo.", second)


def chat_calls_a_tool_in_a_stream(s: State):
    stream = s.client.chat.completions.create(
        model=s.llm,
        messages=[{"role": "user", "content": "Oslo"}],
        tools=[{"type": "function", "function": WEATHER}],
        stream=True,
    )
    choices = [chunk.choices[0] for chunk in stream if chunk.choices]
    calls = [call for choice in choices for call in choice.delta.tool_calls or []]
    equal(next(call.function.name for call in calls if call.function.name), "get_weather", calls)
    expect("Oslo" in "".join(call.function.arguments or "" for call in calls), calls)
    equal(choices[-1].finish_reason, "tool_calls")


def chat_with_an_unknown_model_is_refused(s: State):
    return refused(lambda: s.client.chat.completions.create(model="nope", messages=HI), 400, 404)


def chat_without_messages_is_refused(s: State):
    status, body = s.plain("POST", s.openai_prefix + "/chat/completions", {"model": s.llm})
    equal(status, 400, body)
    expect("messages" in str(body), body)


def completion_is_written(s: State):
    completion = s.client.completions.create(model=s.llm, prompt="The sky is", max_tokens=4)
    equal(completion.choices[0].text, " blue.", completion)


def completion_is_streamed(s: State):
    chunks = list(s.client.completions.create(model=s.llm, prompt="The sky is", stream=True))
    equal("".join(c.choices[0].text or "" for c in chunks if c.choices), " blue.", chunks)


def text_is_embedded(s: State):
    answer = s.client.embeddings.create(model=s.embedding_model, input="gasket")
    equal(len(answer.data[0].embedding), s.dimension)
    s.gasket_vector = list(answer.data[0].embedding)
    expect(abs(sum(x * x for x in s.gasket_vector) - 1) < 0.01, "the vector is not of length 1")


def texts_are_embedded_in_order(s: State):
    answer = s.client.embeddings.create(model=s.embedding_model, input=["valve", "gasket"])
    equal([entry.index for entry in answer.data], [0, 1])
    pairs = zip(answer.data[1].embedding, s.gasket_vector, strict=True)
    expect(max(abs(a - b) for a, b in pairs) < 1e-3, "the same text has another vector")


def embedding_with_an_unknown_model_is_refused(s: State):
    return refused(lambda: s.client.embeddings.create(model="nope", input="x"), 400, 404)


MODELS = (models_are_listed, model_is_retrieved, unknown_model_is_refused)
CHAT = (
    chat_is_answered,
    chat_is_streamed,
    chat_calls_a_tool,
    chat_calls_a_tool_in_a_stream,
    chat_with_an_unknown_model_is_refused,
    chat_without_messages_is_refused,
    completion_is_written,
    completion_is_streamed,
)
EMBEDDINGS = (text_is_embedded, texts_are_embedded_in_order, embedding_with_an_unknown_model_is_refused)
