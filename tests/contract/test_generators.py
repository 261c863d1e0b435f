import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from muniment.errors import InputError, UnavailableError
from muniment.protocols import Generator, ProviderContext
from muniment.providers import extractive, fake_generator, llama_cpp, openai_generator
from muniment.testing.generator import GeneratorContract, prompt

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from chat_endpoint import ChatEndpoint, serve


class TestExtractive(GeneratorContract):
    @pytest.fixture
    async def generator(self, tmp_path: Path) -> Generator:
        options = extractive.PROVIDER.options()
        return await extractive.PROVIDER.create(options, ProviderContext(tmp_path, "extractive"))


class TestFake(GeneratorContract):
    @pytest.fixture
    async def generator(self, tmp_path: Path) -> Generator:
        options = fake_generator.PROVIDER.options()
        return await fake_generator.PROVIDER.create(options, ProviderContext(tmp_path, "fake"))


class TestOpenAI(GeneratorContract):
    @pytest.fixture
    async def generator(self, tmp_path: Path) -> AsyncIterator[Generator]:
        with serve(ChatEndpoint()) as endpoint:
            options = openai_generator.PROVIDER.options.model_validate({"base_url": endpoint.url})
            made = await openai_generator.PROVIDER.create(options, ProviderContext(tmp_path, "openai"))
            yield made
            await made.aclose()


class TestLlamaCpp(GeneratorContract):
    """Runs where xllamacpp is installed and MUNIMENT_TEST_GGUF names a small model's file."""

    @pytest.fixture
    async def generator(self, tmp_path: Path) -> AsyncIterator[Generator]:
        pytest.importorskip("xllamacpp")
        model = os.environ.get("MUNIMENT_TEST_GGUF")
        if not model:
            pytest.skip("MUNIMENT_TEST_GGUF names no model")
        options = llama_cpp.PROVIDER.options.model_validate({"model_path": model, "context_tokens": 1024})
        made = await llama_cpp.PROVIDER.create(options, ProviderContext(tmp_path, "llama"))
        yield made
        await made.aclose()

    async def test_a_prompt_beyond_its_context_is_refused(self, generator: Generator) -> None:
        with pytest.raises(InputError) as error:
            [piece async for piece in generator.stream(prompt("Which?", "word " * 3000))]
        assert error.value.code == "prompt_too_long"


async def test_llama_cpp_without_its_wheel_or_its_file_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = llama_cpp.PROVIDER.options.model_validate({"model_path": str(tmp_path / "none.gguf")})
    with pytest.raises(UnavailableError, match=r"none\.gguf is no GGUF file"):
        await llama_cpp.PROVIDER.create(options, ProviderContext(tmp_path, "llama"))
    (tmp_path / "none.gguf").write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(UnavailableError) as error:
        await llama_cpp.PROVIDER.create(options, ProviderContext(tmp_path, "llama"))
    assert "pip install 'muniment[llama-cpp]'" in error.value.hint
