"""A scripted generator for tests and for trying things out: no model, no network, always the same."""

from muniment.providers.fake_generator.chat_model import FakeChatModel
from muniment.providers.fake_generator.generator import PROVIDER, FakeGenerator
from muniment.providers.fake_generator.options import FakeGeneratorOptions

__all__ = ["PROVIDER", "FakeChatModel", "FakeGenerator", "FakeGeneratorOptions"]
