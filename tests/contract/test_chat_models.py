import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from muniment.answer.fail_over_chat import FailOverChatModel
from muniment.protocols import ChatModel, ProviderContext
from muniment.providers import fake_generator, llama_cpp, openai_generator
from muniment.testing.chat_model import ChatModelContract

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from chat_endpoint import serve
from model_endpoint import ModelEndpoint


def fake(**options: object) -> ChatModel:
    made = fake_generator.FakeGeneratorOptions.model_validate(options)
    return fake_generator.FakeGenerator("fake", made).chat


class TestFake(ChatModelContract):
    @pytest.fixture
    async def model(self) -> ChatModel:
        return fake()


class TestFailOver(ChatModelContract):
    """The second answers for the first."""

    @pytest.fixture
    async def model(self) -> ChatModel:
        return FailOverChatModel([fake(fail_after=0), fake()])


class TestOpenAI(ChatModelContract):
    @pytest.fixture
    async def model(self, tmp_path: Path) -> AsyncIterator[ChatModel]:
        with serve(ModelEndpoint()) as endpoint:
            options = openai_generator.PROVIDER.options.model_validate({"base_url": endpoint.url})
            made = await openai_generator.PROVIDER.create(options, ProviderContext(tmp_path, "openai"))
            assert made.chat is not None
            yield made.chat
            await made.aclose()


class TestLlamaCpp(ChatModelContract):
    """Runs where xllamacpp is installed and MUNIMENT_TEST_GGUF names a small model's file."""

    calls_tools = False

    @pytest.fixture
    async def model(self, tmp_path: Path) -> AsyncIterator[ChatModel]:
        pytest.importorskip("xllamacpp")
        model = os.environ.get("MUNIMENT_TEST_GGUF")
        if not model:
            pytest.skip("MUNIMENT_TEST_GGUF names no model")
        options = llama_cpp.PROVIDER.options.model_validate({"model_path": model, "context_tokens": 1024})
        made = await llama_cpp.PROVIDER.create(options, ProviderContext(tmp_path, "llama"))
        assert made.chat is not None
        assert made.chat.model == Path(model).stem
        yield made.chat
        await made.aclose()
