"""Steps over Llama Stack's own routes, as more than one version of its client makes them."""

import json

from steps import State, equal, expect, items, plain, refused

PUMP = {"content": "Pump P-9 has a 48 month warranty.", "metadata": {"document_id": "d1", "page": 4}}
CAFETERIA = {"content": "The cafeteria opens at 8.", "metadata": {"document_id": "d2"}}
VALVE = "Valve V-9 opens at 19 bar."
KNOWLEDGE_SEARCH = "knowledge_search"


def server_is_well(s: State):
    equal(s.client.inspect.health().status, "OK")


def server_has_a_version(s: State):
    expect(s.client.inspect.version().version, "no version")


def routes_are_listed(s: State):
    routes = {route.route for route in items(s.client.routes.list())}
    expect("/v1/vector-io/query" in routes, sorted(routes))
    return len(routes)


def providers_are_listed(s: State):
    apis = {provider.api for provider in items(s.client.providers.list())}
    expect({"inference", "vector_io"} <= apis, apis)


def provider_is_retrieved(s: State):
    provider = next(p for p in items(s.client.providers.list()) if p.api == "vector_io")
    found = s.client.providers.retrieve(provider.provider_id)
    equal((found.provider_id, found.api), (provider.provider_id, "vector_io"), found)
    return refused(lambda: s.client.providers.retrieve("nope"), 400, 404)


def store_is_created_without_extras(s: State):
    store = s.client.vector_stores.create(name=s.name("plain"))
    equal(s.client.vector_stores.retrieve(store.id).name, s.name("plain"))
    equal(s.client.vector_stores.delete(store.id).deleted, True)


def insert(s: State, chunks: list[dict[str, object]], store: str | None = None) -> object:
    return s.client.vector_io.insert(**{s.store_key: store or s.store.id}, chunks=chunks)


def query(s: State, words: str, store: str | None = None, **params: object):
    return s.client.vector_io.query(**{s.store_key: store or s.store.id}, query=words, params=params)


def content(chunk) -> str:
    """A chunk's text, which may be given as text or as parts."""
    value = chunk.content
    return value if isinstance(value, str) else " ".join(part.text for part in value)


def chunks_are_inserted(s: State):
    insert(s, [{**PUMP, "chunk_id": "c1"}, {**CAFETERIA, "chunk_id": "c2"}])


def chunks_are_found(s: State):
    found = query(s, "warranty of pump P-9", max_chunks=2)
    equal(content(found.chunks[0]), PUMP["content"], found)
    equal((found.chunks[0].metadata["document_id"], found.chunks[0].metadata["page"]), ("d1", 4), found)
    equal(len(found.scores), len(found.chunks))
    equal(found.scores, sorted(found.scores, reverse=True))


def no_more_chunks_than_asked(s: State):
    equal(len(query(s, "warranty of pump P-9", max_chunks=1).chunks), 1)


def chunks_are_found_in_every_mode(s: State):
    for mode in ("vector", "keyword", "hybrid"):
        found = query(s, "cafeteria", mode=mode, max_chunks=3)
        expect(CAFETERIA["content"] in [content(chunk) for chunk in found.chunks], mode, found)


def chunk_with_a_vector_is_found(s: State):
    """The vector decides, so the text is found by the words that the vector was made of."""
    made = s.client.embeddings.create(model=s.embedding_model, input="How often is the lift inspected?")
    vector = list(made.data[0].embedding)
    s.lift = "Annex 7, line 3."
    metadata = {"document_id": "d3"}
    insert(s, [{"content": s.lift, "metadata": metadata, "embedding": vector, "chunk_id": "c3"}])
    equal(content(query(s, "How often is the lift inspected?", max_chunks=1).chunks[0]), s.lift)


def vector_of_a_wrong_dimension_is_refused(s: State):
    wrong = {**PUMP, "chunk_id": "c4", "embedding": [0.1] * 5}
    return refused(lambda: insert(s, [wrong]), 400)


def stored_chunk_id_is_accepted(s: State):
    insert(
        s,
        [{"content": "The lobby closes at 18.", "metadata": {"document_id": "d4"}, "stored_chunk_id": "x1"}],
    )
    equal(content(query(s, "When does the lobby close?", max_chunks=1).chunks[0]), "The lobby closes at 18.")


def chunk_without_metadata_is_no_server_error(s: State):
    """Taken, or refused with a reason."""
    body = {s.store_key: s.store.id, "chunks": [{"content": "Loose words."}]}
    status, answer = s.plain("POST", "/v1/vector-io/insert", body)
    expect(status in (200, 204, 400), status, answer)


def chunk_without_content_is_refused(s: State):
    body = {s.store_key: s.store.id, "chunks": [{"metadata": {"document_id": "d"}}]}
    status, answer = s.plain("POST", "/v1/vector-io/insert", body)
    equal(status, 400, answer)
    expect("content" in json.dumps(answer), answer)


def query_without_words_is_refused(s: State):
    status, answer = s.plain("POST", "/v1/vector-io/query", {s.store_key: s.store.id})
    equal(status, 400, answer)
    expect("query" in json.dumps(answer), answer)


def unknown_store_takes_no_chunks(s: State):
    return refused(lambda: insert(s, [{**PUMP, "chunk_id": "c1"}], store="nope"), 400, 404)


def unknown_store_is_not_queried(s: State):
    return refused(lambda: query(s, "x", store="nope"), 400, 404)


def inserted_chunk_is_searched_as_vector_store(s: State):
    found = items(s.client.vector_stores.search(s.store.id, query="warranty of pump P-9"))
    equal(found[0].content[0].text, PUMP["content"], found)


def documents_are_inserted_by_the_rag_tool(s: State):
    document = {
        "document_id": "doc9",
        "content": VALVE,
        "mime_type": "text/plain",
        "metadata": {"site": "north"},
    }
    s.client.tool_runtime.rag_tool.insert(
        documents=[document], vector_db_id=s.store.id, chunk_size_in_tokens=64
    )
    chunks = query(s, "At what pressure does valve V-9 open?", max_chunks=3).chunks
    found = [chunk for chunk in chunks if VALVE in content(chunk)]
    equal([chunk.metadata["document_id"] for chunk in found], ["doc9"], chunks)


def rag_tool_finds_them(s: State):
    answer = s.client.tool_runtime.rag_tool.query(content="valve V-9 pressure", vector_db_ids=[s.store.id])
    parts = [part.text for part in answer.content]
    expect(any(VALVE in part for part in parts), parts)
    expect("doc9" in json.dumps(plain(answer), default=str), answer)


def rag_tool_keeps_to_its_settings(s: State):
    template = "Result {index}\nContent: {chunk.content}\nMetadata: {metadata}\n"
    config = {
        "max_chunks": 2,
        "max_tokens_in_context": 500,
        "query_generator_config": {"type": "default", "separator": " "},
        "chunk_template": template,
    }
    answer = s.client.tool_runtime.rag_tool.query(
        content="valve V-9 pressure", vector_db_ids=[s.store.id], query_config=config
    )
    texts = [part.text for part in answer.content]
    expect(any(VALVE in part for part in texts), texts)
    expect(not any("Result 3" in part for part in texts), texts)


def rag_tool_refuses_an_unknown_store(s: State):
    ask = s.client.tool_runtime.rag_tool.query
    return refused(lambda: ask(content="x", vector_db_ids=["nope"]), 400, 404)


def tool_groups_are_listed(s: State):
    names = [group.identifier for group in items(s.client.toolgroups.list())]
    expect("builtin::rag" in names, names)
    equal(s.client.toolgroups.get("builtin::rag").identifier, "builtin::rag")


def tool_name(tool) -> str:
    return getattr(tool, "name", None) or tool.identifier


def tools_are_listed(s: State):
    for listed in (s.client.tools.list(), s.client.tool_runtime.list_tools(tool_group_id="builtin::rag")):
        names = [tool_name(tool) for tool in items(listed)]
        expect(KNOWLEDGE_SEARCH in names, names)
    equal(tool_name(s.client.tools.get(KNOWLEDGE_SEARCH)), KNOWLEDGE_SEARCH)


def tool_is_invoked(s: State):
    kwargs = {"query": "valve V-9 pressure", "vector_db_ids": [s.store.id]}
    answer = s.client.tool_runtime.invoke_tool(tool_name=KNOWLEDGE_SEARCH, kwargs=kwargs)
    expect(VALVE in json.dumps(plain(answer), default=str), answer)
    equal(answer.error_message, None, answer)


def unknown_tool_is_refused(s: State):
    invoke = s.client.tool_runtime.invoke_tool
    return refused(lambda: invoke(tool_name="nope", kwargs={}), 400, 404)


def prompt_is_made(s: State):
    body = {"prompt": "Answer {{ q }}", "variables": ["q"]}
    status, s.prompt = s.plain("POST", "/v1/prompts", body)
    equal((status, s.prompt["version"], s.prompt["variables"]), (200, 1, ["q"]), s.prompt)
    expect(s.prompt["prompt_id"].startswith("pmpt_"), s.prompt)


def prompt_is_retrieved(s: State):
    status, kept = s.plain("GET", f"/v1/prompts/{s.prompt['prompt_id']}")
    equal((status, kept["prompt"]), (200, "Answer {{ q }}"), kept)


def prompt_is_changed(s: State):
    path = f"/v1/prompts/{s.prompt['prompt_id']}"
    body = {"prompt": "Say {{ q }}", "version": 1, "variables": ["q"], "set_as_default": False}
    status, changed = s.plain(s.prompt_method, path, body)
    equal((status, changed["version"]), (200, 2), changed)
    equal(s.plain("GET", path)[1]["version"], 1)
    status, versions = s.plain("GET", f"{path}/versions")
    equal((status, sorted(entry["version"] for entry in versions["data"])), (200, [1, 2]), versions)
    status, default = s.plain(s.prompt_method, f"{path}/set-default-version", {"version": 2})
    equal((status, s.plain("GET", path)[1]["prompt"]), (200, "Say {{ q }}"), default)
    equal(s.plain("GET", f"{path}?version=1")[1]["prompt"], "Answer {{ q }}")


def prompt_with_an_undeclared_variable_is_refused(s: State):
    status, answer = s.plain("POST", "/v1/prompts", {"prompt": "Answer {{ q }}", "variables": []})
    equal(status, 400, answer)
    expect("q" in json.dumps(answer), answer)


def prompt_is_deleted(s: State):
    path = f"/v1/prompts/{s.prompt['prompt_id']}"
    status, _ = s.plain("DELETE", path)
    expect(status in (200, 204), status)
    expect(s.plain("GET", path)[0] in (400, 404), s.plain("GET", path))


def prompt_by_the_client(s: State):
    made = s.client.prompts.create(prompt="Answer {{ q }}", variables=["q"])
    equal((made.version, s.client.prompts.retrieve(made.prompt_id).prompt), (1, "Answer {{ q }}"), made)
    expect(made.prompt_id in [prompt.prompt_id for prompt in items(s.client.prompts.list())], made)


def shields_are_listed(s: State):
    s.shields = [shield.identifier for shield in items(s.client.shields.list())]
    return s.shields


def unknown_shield_is_refused(s: State):
    messages = [{"role": "user", "content": "hi"}]
    run = s.client.safety.run_shield
    options = {"params": {}} if s.version != "0.7.5" else {}
    return refused(lambda: run(shield_id="nope", messages=messages, **options), 400, 404)


def moderation_is_a_verdict_or_a_clear_no(s: State):
    """A verdict for each text, or an error that says what is missing."""
    try:
        answer = s.client.moderations.create(input=["hi", "ho"], model="omni-moderation-latest")
    except Exception as error:
        return refused(lambda: s.client.moderations.create(input="hi", model="nope"), 400, 404, 501), error
    equal([result.flagged for result in answer.results], [False, False], answer)
    return answer


def scoring_functions_are_listed(s: State):
    names = [function.identifier for function in items(s.client.scoring_functions.list())]
    expect("basic::equality" in names, names)


def equality_is_scored(s: State):
    row = {"input_query": "q", "generated_answer": "a", "expected_answer": "a"}
    scored = s.client.scoring.score(
        input_rows=[row, {**row, "generated_answer": "b"}], scoring_functions={"basic::equality": None}
    ).results["basic::equality"]
    equal([entry["score"] for entry in scored.score_rows], [1.0, 0.0], scored)
    equal(scored.aggregated_results["accuracy"]["accuracy"], 0.5, scored)


def benchmarks_are_listed(s: State):
    benchmarks = s.client.alpha.benchmarks if s.version == "0.7.5" else s.client.benchmarks
    return items(benchmarks.list())


def agent_answers_from_the_store(s: State):
    """The client's agent, which works by conversations and responses from 0.3 on."""
    from llama_stack_client import Agent

    tools = [{"type": "file_search", "vector_store_ids": [s.store.id]}]
    agent = Agent(s.client, model=s.llm, instructions="Be brief.", tools=tools)
    session = agent.create_session(s.name("session"))
    asked = [{"role": "user", "content": "What is gasket G-4 made of?", "type": "message"}]
    turn = agent.create_turn(messages=asked, session_id=session, stream=False)
    expect("Gasket G-4 is made of PTFE" in turn.output_text, turn)


def agent_calls_a_function_of_the_client(s: State):
    from llama_stack_client import Agent

    def get_weather(city: str) -> str:
        """The weather of a city.

        :param city: the city
        """
        return "It is 7 degrees in Oslo."

    agent = Agent(s.client, model=s.llm, instructions="Be brief.", tools=[get_weather])
    session = agent.create_session(s.name("weather"))
    asked = [{"role": "user", "content": "The weather in Oslo?", "type": "message"}]
    chunks = list(agent.create_turn(messages=asked, session_id=session, stream=True))
    last = chunks[-1].response
    equal(last.output_text, "It is 7 degrees in Oslo.", last)


INSPECTION = (
    server_is_well,
    server_has_a_version,
    routes_are_listed,
    providers_are_listed,
    provider_is_retrieved,
)
STORE_CHUNKS = (
    chunks_are_inserted,
    chunks_are_found,
    no_more_chunks_than_asked,
    chunks_are_found_in_every_mode,
    inserted_chunk_is_searched_as_vector_store,
    chunk_with_a_vector_is_found,
    vector_of_a_wrong_dimension_is_refused,
    stored_chunk_id_is_accepted,
    chunk_without_metadata_is_no_server_error,
    chunk_without_content_is_refused,
    query_without_words_is_refused,
    unknown_store_takes_no_chunks,
    unknown_store_is_not_queried,
)
RAG_TOOL = (
    documents_are_inserted_by_the_rag_tool,
    rag_tool_finds_them,
    rag_tool_keeps_to_its_settings,
    rag_tool_refuses_an_unknown_store,
    tool_groups_are_listed,
    tools_are_listed,
    tool_is_invoked,
    unknown_tool_is_refused,
)
PROMPTS = (
    prompt_is_made,
    prompt_is_retrieved,
    prompt_is_changed,
    prompt_with_an_undeclared_variable_is_refused,
    prompt_is_deleted,
)
SHIELDS = (shields_are_listed, unknown_shield_is_refused)
MODERATIONS = (moderation_is_a_verdict_or_a_clear_no,)
SCORING = (scoring_functions_are_listed, equality_is_scored, benchmarks_are_listed)
AGENT_OF_RESPONSES = (agent_answers_from_the_store, agent_calls_a_function_of_the_client)
