"""The flow of OpenAI's asynchronous client: every step of the other, and some at the same time.

usage: python openai_async.py BASE_URL [--llm MODEL] …
"""

import asyncio
import inspect
from typing import Any

import openai_files as files
import openai_models as models
import openai_responses as responses
import openai_search as search
from openai_sync import prepare
from steps import Flow, State, equal, expect, main


class Waiting:
    """An asynchronous client whose every call is waited for, so that the same steps can make it."""

    def __init__(self, part: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._part, self._loop = part, loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        return found if not name or name.startswith("_") else Waiting(found, self._loop)

    def __call__(self, *given: Any, **named: Any) -> Any:
        answer = self._part(*given, **named)
        if inspect.isawaitable(answer):
            answer = self._loop.run_until_complete(answered(answer))
        return answer


async def answered(awaitable: Any) -> Any:
    """The answer; of a stream all its events."""
    answer = await awaitable
    return [event async for event in answer] if type(answer).__name__ == "AsyncStream" else answer


def connect(s: State) -> None:
    import openai

    s.loop = asyncio.new_event_loop()
    s.together = openai.AsyncOpenAI(base_url=f"{s.base_url}/v1", api_key="none", max_retries=0)
    s.client = Waiting(s.together, s.loop)
    prepare(s, openai.__version__)


flow = Flow(connect)
flow.add(*models.MODELS, *models.CHAT, *models.EMBEDDINGS)
flow.add(*files.FILES, *files.STORES, *files.ATTACHED)
flow.add(files.content_of_an_attached_file_as_data, *files.BATCHES, *search.SEARCH)
flow.add(*responses.RESPONSES, *responses.STREAMS, *responses.CONVERSATIONS)


@flow.step
def searches_at_the_same_time(s: State):
    async def found() -> list[str]:
        asked = ["gasket material", "At what pressure does valve V-2 open?"] * 8
        pages = await asyncio.gather(*(s.together.vector_stores.search(s.store.id, query=q) for q in asked))
        return [page.data[0].content[0].text for page in pages]

    equal(s.loop.run_until_complete(found()), [files.GASKET, files.VALVE] * 8)


@flow.step
def streams_at_the_same_time(s: State):
    async def said() -> str:
        stream = await s.together.responses.create(
            model=s.llm, input=responses.QUESTION, tools=responses.file_search(s), stream=True
        )
        return responses.text([event async for event in stream][-1].response)

    async def all_of_them() -> list[str]:
        return list(await asyncio.gather(*(said() for _ in range(4))))

    texts = s.loop.run_until_complete(all_of_them())
    expect(all(responses.ANSWER in text for text in texts), texts)
    equal(len(set(texts)), 1)


@flow.step
def abandoned_stream_leaves_the_server_well(s: State):
    async def abandoned() -> str:
        stream = await s.together.chat.completions.create(
            model=s.llm, messages=[{"role": "user", "content": "Count slowly."}], stream=True
        )
        async for _ in stream:
            break
        await stream.close()
        chat = await s.together.chat.completions.create(model=s.llm, messages=models.HI)
        return str(chat.choices[0].message.content)

    equal(s.loop.run_until_complete(abandoned()), models.GROUNDED)


@flow.step
def uploads_and_polls(s: State):
    uploads = [(f"bolt-{n}.txt", f"Bolt B-{n} takes {n}0 newton metres.".encode()) for n in range(1, 5)]

    async def made():
        store = await s.together.vector_stores.create(name=s.name("uploads"))
        batches = s.together.vector_stores.file_batches
        batch = await batches.upload_and_poll(store.id, files=uploads, poll_interval_ms=100)
        polled = await s.together.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("nut.txt", b"Nut N-1 is of brass."), poll_interval_ms=100
        )
        names = [file.id async for file in s.together.vector_stores.files.list(store.id, limit=2)]
        await s.together.vector_stores.delete(store.id)
        return batch, polled, names

    batch, polled, names = s.loop.run_until_complete(made())
    equal((batch.status, batch.file_counts.completed), ("completed", 4), batch)
    equal(polled.status, "completed", polled)
    equal(len(set(names)), 5, names)


flow.add(*files.FAILING, *files.ENDING)

if __name__ == "__main__":
    main(flow)
