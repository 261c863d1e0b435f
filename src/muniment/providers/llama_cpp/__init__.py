"""llama.cpp in this process, through the prebuilt xllamacpp wheel; weights are GGUF files."""

from muniment.providers.llama_cpp.generator import PROVIDER, LlamaCppGenerator
from muniment.providers.llama_cpp.options import LlamaCppOptions

__all__ = ["PROVIDER", "LlamaCppGenerator", "LlamaCppOptions"]
