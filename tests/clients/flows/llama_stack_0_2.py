"""The flow of llama-stack-client 0.2. usage: python llama_stack_0_2.py BASE_URL [--llm MODEL] …"""

import openai_files as files
import openai_models as models
import openai_responses as responses
import openai_search as search
from llama_stack_api import (
    INSPECTION,
    MODERATIONS,
    PROMPTS,
    RAG_TOOL,
    SCORING,
    SHIELDS,
    STORE_CHUNKS,
    VALVE,
)
from openai_models import GROUNDED, HI
from steps import Flow, State, equal, expect, items, main, refused, waited

OLD, NEW = "0.2.12", "0.2.22"
KNOWLEDGE_SEARCH = "builtin::rag/knowledge_search"


def connect(s: State) -> None:
    from llama_stack_client import LlamaStackClient, __version__

    s.client = LlamaStackClient(base_url=s.base_url, max_retries=0, timeout=120)
    s.version, s.openai_prefix, s.unknown_store = __version__, "/v1/openai/v1", (400,)
    s.headers = {"X-LlamaStack-Client-Version": __version__}
    s.prompt_method, s.store_key = "POST", "vector_db_id"
    s.search_query = lambda query: query


flow = Flow(connect)
flow.add(*INSPECTION, *models.MODELS)


@flow.step
def models_say_what_they_are(s: State):
    by_name = {model.identifier: model for model in items(s.client.models.list())}
    llm, embedding = by_name[s.llm], by_name[s.embedding_model]
    equal((llm.api_model_type, embedding.api_model_type), ("llm", "embedding"), llm, embedding)
    equal(int(embedding.metadata["embedding_dimension"]), s.dimension, embedding)


def register(s: State, name: str):
    return s.client.vector_dbs.register(
        vector_db_id=name, embedding_model=s.embedding_model, embedding_dimension=s.dimension
    )


@flow.step
def vector_db_is_registered(s: State):
    s.db = register(s, s.name("docs"))
    equal((s.db.embedding_model, s.db.embedding_dimension), (s.embedding_model, s.dimension), s.db)
    expect(s.db.identifier, s.db)
    s.store = type("Store", (), {"id": s.db.identifier})


@flow.step
def vector_db_shows_the_given_id(s: State):
    # Up to 0.2.12 as its identifier; later versions give it a new one, and keep the given id as its name.
    expect(s.name("docs") in (s.db.identifier, getattr(s.db, "vector_db_name", "")), s.db)


@flow.step
def vector_db_answers_to_the_given_id(s: State):
    expect(s.client.vector_dbs.retrieve(s.name("docs")).identifier, "no identifier")


@flow.step
def vector_db_is_retrieved_and_listed(s: State):
    equal(s.client.vector_dbs.retrieve(s.db.identifier).identifier, s.db.identifier)
    expect(s.db.identifier in [db.identifier for db in items(s.client.vector_dbs.list())], s.db)


@flow.step
def vector_db_may_be_registered_again(s: State):
    expect(register(s, s.name("docs")).identifier, "no identifier")


@flow.step
def vector_db_of_an_unknown_model_is_refused(s: State):
    ask = s.client.vector_dbs.register
    return refused(lambda: ask(vector_db_id="x", embedding_model="nope", embedding_dimension=3), 400, 404)


@flow.step
def unknown_vector_db_is_refused(s: State):
    return refused(lambda: s.client.vector_dbs.retrieve("nope"), 400 if s.version == OLD else 404)


@flow.step
def text_is_embedded_by_inference(s: State):
    vectors = s.client.inference.embeddings(
        model_id=s.embedding_model, contents=["gasket", "valve"]
    ).embeddings
    equal([len(vector) for vector in vectors], [s.dimension, s.dimension])


flow.add(*models.EMBEDDINGS, *STORE_CHUNKS, *RAG_TOOL)


@flow.step
def inference_answers(s: State):
    answer = s.client.inference.chat_completion(
        model_id=s.llm, messages=HI, sampling_params={"strategy": {"type": "greedy"}, "max_tokens": 32}
    )
    message = answer.completion_message
    equal(
        (message.content, message.role, message.stop_reason), (GROUNDED, "assistant", "end_of_turn"), answer
    )


@flow.step
def inference_streams(s: State):
    events = [c.event for c in s.client.inference.chat_completion(model_id=s.llm, messages=HI, stream=True)]
    kinds = [event.event_type for event in events]
    equal((kinds[0], kinds[-1]), ("start", "complete"), kinds)
    equal("".join(event.delta.text for event in events if event.delta.type == "text"), GROUNDED)


@flow.step
def inference_calls_a_tool(s: State):
    parameters = {"city": {"param_type": "string", "description": "the city", "required": True}}
    tool = {"tool_name": "get_weather", "description": "The weather of a city.", "parameters": parameters}
    asked = [{"role": "user", "content": "Oslo"}]
    message = s.client.inference.chat_completion(
        model_id=s.llm, messages=asked, tools=[tool]
    ).completion_message
    (call,) = message.tool_calls
    equal((call.tool_name, call.arguments["city"]), ("get_weather", "Oslo"), message)
    told = [
        *asked,
        {"role": "assistant", "content": "", "stop_reason": "end_of_turn", "tool_calls": [dict(call)]},
        {"role": "tool", "call_id": call.call_id, "content": "It is 7 degrees in Oslo."},
    ]
    answer = s.client.inference.chat_completion(model_id=s.llm, messages=told, tools=[tool])
    equal(answer.completion_message.content, "It is 7 degrees in Oslo.", answer)


@flow.step
def inference_completes(s: State):
    equal(s.client.inference.completion(model_id=s.llm, content="The sky is").content, " blue.")


@flow.step
def inference_with_an_unknown_model_is_refused(s: State):
    ask = s.client.inference.chat_completion
    return refused(lambda: ask(model_id="nope", messages=HI), 400, 404)


flow.add(*models.CHAT)


def agent_of(s: State, **options: object):
    from llama_stack_client import Agent

    tools = [{"name": KNOWLEDGE_SEARCH, "args": {"vector_db_ids": [s.db.identifier]}}]
    return Agent(s.client, model=s.llm, instructions="Be brief.", **({"tools": tools} | options))


def asked_agent(s: State, **options: object):
    asked = [{"role": "user", "content": "At what pressure does valve V-9 open?"}]
    return s.agent.create_turn(messages=asked, session_id=s.session, **options)


@flow.step
def agent_answers_from_the_vector_db(s: State):
    s.agent = agent_of(s)
    s.session = s.agent.create_session(s.name("session"))
    s.turn = asked_agent(s, stream=False)
    # Servers that let the model decide whether to search have another inference before.
    equal([step.step_type for step in s.turn.steps][-2:], ["tool_execution", "inference"], s.turn)
    expect(VALVE in str(s.turn.steps[-2].tool_responses[0].content), s.turn)
    expect("Valve V-9 opens at 19 bar" in s.turn.output_message.content, s.turn)


@flow.step
def agent_streams_its_turn(s: State):
    payloads = [chunk.event.payload for chunk in asked_agent(s, stream=True)]
    kinds = [payload.event_type for payload in payloads]
    expect(kinds[0] in ("turn_start", "step_start") and kinds[-1] == "turn_complete", kinds)
    done = [payload.step_type for payload in payloads if payload.event_type == "step_complete"]
    equal(done[-2:], ["tool_execution", "inference"])
    progress = [p for p in payloads if p.event_type == "step_progress" and p.delta.type == "text"]
    text = "".join(p.delta.text for p in progress)
    equal(text, payloads[-1].turn.output_message.content)


@flow.step
def event_logger_prints_a_turn(s: State):
    from llama_stack_client import AgentEventLogger

    printed = "".join(str(line) for line in AgentEventLogger().log(asked_agent(s, stream=True)))
    expect("19 bar" in printed, printed)


@flow.step
def session_keeps_its_turns(s: State):
    session = s.client.agents.session.retrieve(session_id=s.session, agent_id=s.agent.agent_id)
    equal((session.session_name, len(session.turns)), (s.name("session"), 3), session)
    kept = s.client.agents.turn.retrieve(
        turn_id=s.turn.turn_id, agent_id=s.agent.agent_id, session_id=s.session
    )
    equal(kept.output_message.content, s.turn.output_message.content, kept)


@flow.step
def step_of_a_turn_is_retrieved(s: State):
    step = s.turn.steps[-2]
    kept = s.client.agents.steps.retrieve(
        step_id=step.step_id, agent_id=s.agent.agent_id, session_id=s.session, turn_id=s.turn.turn_id
    ).step
    equal((kept.step_type, kept.step_id), ("tool_execution", step.step_id), kept)


@flow.step
def agent_remembers_the_session(s: State):
    agent = agent_of(s, tools=[])
    session = agent.create_session(s.name("memory"))
    asked = [{"role": "user", "content": responses.COUNT}]
    texts = [
        agent.create_turn(messages=asked, session_id=session, stream=False).output_message.content
        for _ in range(2)
    ]
    equal(texts, ["You asked 1 questions.", "You asked 2 questions."])


@flow.step
def agent_calls_a_function_of_the_client(s: State):
    def get_weather(city: str) -> str:
        """The weather of a city.

        :param city: the city
        """
        return "It is 7 degrees in Oslo."

    agent = agent_of(s, tools=[get_weather])
    session = agent.create_session(s.name("weather"))
    asked = [{"role": "user", "content": "The weather in Oslo?"}]
    turn = agent.create_turn(messages=asked, session_id=session, stream=False)
    equal(turn.output_message.content, "It is 7 degrees in Oslo.", turn)
    expect("tool_execution" in [step.step_type for step in turn.steps], turn)


@flow.step_of(NEW)
def agents_and_sessions_are_listed(s: State):
    agents = [
        agent["agent_id"] if isinstance(agent, dict) else agent.agent_id
        for agent in items(s.client.agents.list())
    ]
    expect(s.agent.agent_id in agents, agents)
    equal(s.client.agents.retrieve(s.agent.agent_id).agent_config.model, s.llm)
    sessions = items(s.client.agents.session.list(agent_id=s.agent.agent_id))
    expect(s.session in str(sessions), sessions)


@flow.step
def session_and_agent_are_deleted(s: State):
    s.client.agents.session.delete(session_id=s.session, agent_id=s.agent.agent_id)
    look = s.client.agents.session.retrieve
    refused(lambda: look(session_id=s.session, agent_id=s.agent.agent_id), 400, 404)
    s.client.agents.delete(s.agent.agent_id)
    return refused(
        lambda: s.client.agents.session.create(agent_id=s.agent.agent_id, session_name="x"), 400, 404
    )


flow.add(*SHIELDS, *SCORING)
flow.add(*MODERATIONS, *PROMPTS, only=(NEW,))


@flow.step
def vector_db_is_unregistered(s: State):
    s.client.vector_dbs.unregister(s.db.identifier)
    refused(lambda: s.client.vector_dbs.retrieve(s.db.identifier), 400, 404)
    return refused(lambda: s.client.vector_io.query(vector_db_id=s.db.identifier, query="x"), 400, 404)


flow.add(*files.FILES, *files.STORES)


@flow.step_of(OLD)
def vector_store_has_its_name_as_id(s: State):
    equal(s.store.id, s.store.name)


@flow.step_of(OLD)
def file_is_attached(s: State):
    file = s.client.vector_stores.files.create(
        s.store.id, file_id=s.file.id, attributes={"team": "ops", "year": 2024, "draft": False}
    )
    expect(file.status in ("in_progress", "completed"), file)
    path = f"/v1/openai/v1/vector_stores/{s.store.id}/files/{s.file.id}"
    ended = waited(lambda: s.plain("GET", path)[1], lambda seen: seen["status"] != "in_progress")
    equal(ended["status"], "completed", ended)


flow.add(files.store_has_an_id_of_its_own, *files.ATTACHED, only=(NEW,))
flow.add(files.content_of_an_attached_file_as_content, only=(NEW,))
flow.add(search.search_finds_the_text, search.search_gives_no_more_than_asked)
flow.add(search.search_says_what_was_asked, search.search_with_a_rewritten_query)
flow.add(search.search_with_a_filter, search.search_with_a_filter_that_fits_nothing)
flow.add(responses.response_is_written, responses.response_searches_files, responses.response_is_kept)
flow.add(responses.response_of_an_unknown_model_is_refused)
flow.add(responses.response_of_an_unknown_store_is_refused, responses.unknown_response_is_refused)
flow.add(responses.responses_are_listed, responses.input_of_a_response_is_kept)
flow.add(responses.response_goes_on_from_another, responses.response_calls_a_function)
flow.add(responses.response_shows_what_was_found, responses.response_cites_the_file, only=(NEW,))


@flow.step
def response_is_streamed(s: State):
    events = list(
        s.client.responses.create(
            model=s.llm, input=responses.QUESTION, stream=True, tools=responses.file_search(s)
        )
    )
    kinds = [event.type for event in events]
    equal((kinds[0], kinds[-1]), ("response.created", "response.completed"), kinds)
    expect(responses.ANSWER in responses.text(events[-1].response), events[-1])


flow.add(files.attributes_are_changed, files.file_leaves_the_store, only=(NEW,))
flow.add(files.store_is_renamed, files.file_is_deleted, files.store_is_deleted)

if __name__ == "__main__":
    main(flow)
