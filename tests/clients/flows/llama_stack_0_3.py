"""The flow of llama-stack-client from 0.3 on. usage: python llama_stack_0_3.py BASE_URL [--llm MODEL] …"""

import openai_files as files
import openai_models as models
import openai_responses as responses
import openai_search as search
from llama_stack_api import (
    AGENT_OF_RESPONSES,
    INSPECTION,
    MODERATIONS,
    PROMPTS,
    RAG_TOOL,
    SCORING,
    SHIELDS,
    STORE_CHUNKS,
    prompt_by_the_client,
    store_is_created_without_extras,
)
from steps import Flow, State, main

OLD, NEW = "0.3.5", "0.7.5"


def connect(s: State) -> None:
    from llama_stack_client import LlamaStackClient, __version__

    s.client = LlamaStackClient(base_url=s.base_url, max_retries=0, timeout=120)
    s.version, s.openai_prefix, s.unknown_store = __version__, "/v1", (400,)
    s.headers = {"X-LlamaStack-Client-Version": __version__}
    s.list_items = {"after": "", "include": [], "limit": 100, "order": "asc"} if __version__ == OLD else {}
    s.search_query = lambda query: query
    s.prompt_method = "POST"
    s.store_key = "vector_db_id" if __version__ == OLD else "vector_store_id"


flow = Flow(connect)
flow.add(*INSPECTION, *models.MODELS, *models.CHAT, *models.EMBEDDINGS)
flow.add(*files.FILES, files.files_are_paged, files.file_expires)
flow.add(*files.STORES, files.store_has_an_id_of_its_own, store_is_created_without_extras)
flow.add(*files.ATTACHED)
flow.add(files.content_of_an_attached_file_as_content, only=(OLD,))
flow.add(files.content_of_an_attached_file_as_data, only=(NEW,))
flow.add(*files.BATCHES, *search.SEARCH)
flow.add(*responses.RESPONSES, responses.responses_are_listed, *responses.STREAMS)
flow.add(*responses.MCP, *responses.CONVERSATIONS, *AGENT_OF_RESPONSES)
flow.add(*STORE_CHUNKS, *PROMPTS, *SHIELDS, *MODERATIONS, *SCORING)
flow.add(*RAG_TOOL, only=(OLD,))
flow.add(prompt_by_the_client, only=(NEW,))
flow.add(*files.FAILING, *files.ENDING)

if __name__ == "__main__":
    main(flow)
