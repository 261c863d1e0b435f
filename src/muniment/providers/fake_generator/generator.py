"""The generator that answers from a script."""

import re
from collections.abc import AsyncIterator

from muniment.protocols import ChatModel, Generator, Prompt, Provider, ProviderContext
from muniment.providers.fake_generator.chat_model import FakeChatModel
from muniment.providers.fake_generator.options import FakeGeneratorOptions


class FakeGenerator:
    """Answers from a script, else with the first line of the first passage, cited as [1]."""

    def __init__(self, name: str = "fake", options: FakeGeneratorOptions | None = None) -> None:
        self._name = name
        self._options = options or FakeGeneratorOptions()
        self._chat = FakeChatModel(name, self._options)

    @property
    def name(self) -> str:
        """The name the settings give it."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """As the options say."""
        return self._options.context_tokens

    @property
    def chat(self) -> ChatModel:
        """The model that echoes and calls tools when told to."""
        return self._chat

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The scripted answer, a word at a time."""
        limit = self._options.fail_after
        for count, piece in enumerate(re.findall(r"\S+\s*", self._text(prompt))):
            if limit is not None and count >= limit:
                break
            yield piece
        if limit is not None:
            raise self._options.failure(self._name)

    async def check(self) -> None:
        """Fails when it was told to fail before the first piece."""
        if self._options.fail_after == 0:
            raise self._options.failure(self._name)

    async def aclose(self) -> None:
        """Holds nothing."""

    def _text(self, prompt: Prompt) -> str:
        scripted = self._options.answers.get(prompt.question)
        if scripted is not None:
            return scripted
        if not prompt.passages:
            return ""
        first = prompt.passages[0]
        return f"{first.passage.chunk.text.splitlines()[0]} [{first.number}]"


async def _create(options: FakeGeneratorOptions, context: ProviderContext) -> Generator:
    return FakeGenerator(context.name or "fake", options)


PROVIDER: Provider[Generator] = Provider("fake", FakeGeneratorOptions, _create)
