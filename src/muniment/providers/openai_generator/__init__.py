"""Any OpenAI-compatible chat endpoint: vLLM, llama.cpp's server, and others; streaming."""

from muniment.providers.openai_generator.generator import PROVIDER, OpenAIGenerator
from muniment.providers.openai_generator.options import OpenAIGeneratorOptions

__all__ = ["PROVIDER", "OpenAIGenerator", "OpenAIGeneratorOptions"]
