"""The flow of ogx-client 1.5. usage: python ogx.py BASE_URL [--llm MODEL] [--embedding-model MODEL] …"""

import warnings

import llama_stack_api as api
import openai_files as files
import openai_models as models
import openai_responses as responses
import openai_search as search
from steps import Flow, State, equal, expect, items, main, refused

LOBBY = "The lobby closes at 18."


def connect(s: State) -> None:
    from ogx_client import OgxClient, __version__

    warnings.simplefilter("ignore")  # its generated models warn of every union
    s.client = OgxClient(base_url=s.base_url, timeout=120)
    s.version, s.openai_prefix, s.unknown_store = __version__, "/v1", (400,)
    s.headers = {"X-OGX-Client-Version": __version__}
    s.prompt_method, s.store_key, s.list_items = "PUT", "vector_store_id", {}
    s.search_query = lambda query: [query]


flow = Flow(connect)
flow.add(*api.INSPECTION, *models.MODELS, *models.CHAT, *models.EMBEDDINGS)
flow.add(*files.FILES, files.files_are_paged)
flow.add(*files.STORES, files.store_has_an_id_of_its_own, api.store_is_created_without_extras)
flow.add(*files.ATTACHED, files.content_of_an_attached_file_as_data, *files.BATCHES, *search.SEARCH)
flow.add(*responses.RESPONSES, responses.responses_are_listed, *responses.STREAMS)
flow.add(*responses.MCP, *responses.CONVERSATIONS)


@flow.step
def response_in_the_background_is_cancelled(s: State):
    running = s.client.responses.create(model=s.llm, input="Count slowly.", background=True)
    expect(running.status in ("queued", "in_progress"), running)
    s.client.responses.openai_response_v1_responses_response_id_cancel_post(running.id)
    equal(s.client.responses.retrieve(running.id).status, "cancelled")


def embedded(s: State, text: str, chunk_id: str, document_id: str, vector: list[float] | None = None):
    """A chunk as this client must send it, with a vector of its own making."""
    made = s.client.embeddings.create(model=s.embedding_model, input=text).data[0].embedding
    metadata = {"document_id": document_id}
    return {
        "content": text,
        "chunk_id": chunk_id,
        "metadata": metadata,
        "chunk_metadata": metadata,
        "embedding": vector or list(made),
        "embedding_model": s.embedding_model,
        "embedding_dimension": s.dimension,
    }


@flow.step
def chunks_are_inserted(s: State):
    chunks = [
        embedded(s, api.PUMP["content"], "c1", "d1"),
        embedded(s, api.CAFETERIA["content"], "c2", "d2"),
        embedded(s, LOBBY, "c3", "d4"),
    ]
    s.client.vector_io.insert(vector_store_id=s.store.id, chunks=chunks)


@flow.step
def chunks_are_found(s: State):
    found = s.client.vector_io.query(
        vector_store_id=s.store.id, query="warranty of pump P-9", params={"max_chunks": 2}
    )
    best = found.chunks[0]
    expect(api.PUMP["content"] in str(best.content), found)
    equal((best.metadata["document_id"], best.chunk_id), ("d1", "c1"), best)
    equal((len(found.chunks), found.scores), (2, sorted(found.scores, reverse=True)), found)


@flow.step
def insert_is_answered_with_204(s: State):
    body = {"vector_store_id": s.store.id, "chunks": [embedded(s, LOBBY, "c3", "d4")]}
    equal(s.plain("POST", "/v1/vector-io/insert", body), (204, None))


@flow.step
def vector_of_a_wrong_dimension_is_refused(s: State):
    wrong = embedded(s, LOBBY, "c5", "d5", vector=[0.1] * 5)
    insert = s.client.vector_io.insert
    return refused(lambda: insert(vector_store_id=s.store.id, chunks=[wrong]), 400)


@flow.step
def unknown_store_takes_no_chunks(s: State):
    chunk = embedded(s, LOBBY, "c6", "d6")
    insert = s.client.vector_io.insert
    return refused(lambda: insert(vector_store_id="vs_nope", chunks=[chunk]), 400)


flow.add(api.query_without_words_is_refused, api.inserted_chunk_is_searched_as_vector_store)
flow.add(*api.PROMPTS, api.prompt_by_the_client)


@flow.step
def item_of_a_conversation_is_retrieved_and_deleted(s: State):
    note = {"type": "message", "role": "user", "content": "Mind the gap."}
    talk = s.client.conversations.create(items=[note])
    (item,) = items(s.client.conversations.items.list(talk.id))
    s.client.conversations.items.delete(talk.id, item.id)
    equal(items(s.client.conversations.items.list(talk.id)), [])


flow.add(*files.FAILING, *files.ENDING)

if __name__ == "__main__":
    main(flow)
