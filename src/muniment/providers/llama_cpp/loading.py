"""Finding a GGUF file and loading it."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from muniment.errors import UnavailableError
from muniment.protocols import JsonObject
from muniment.providers.llama_cpp.options import LlamaCppOptions

Receive = Callable[[JsonObject], bool]
"""Takes a completion or a chunk in OpenAI's wire JSON, or an ``error``; true ends the work."""

_QUIET = 1
"""llama.cpp's verbosity that leaves errors only."""


class Server(Protocol):
    """What is used of ``xllamacpp.Server``; ValueError or RuntimeError for a request it cannot read."""

    def handle_chat_completions(self, prompt: JsonObject, callback: Receive) -> None:
        """Works until the chat is completed."""

    def handle_completions(self, prompt: JsonObject, callback: Receive) -> None:
        """Works until the text is completed."""


def load(path: Path, options: LlamaCppOptions, name: str) -> Server:
    """Load the model, which takes seconds; UnavailableError when it cannot be."""
    try:
        import xllamacpp
    except ImportError as error:
        raise UnavailableError(
            f"Generator {name!r} needs llama.cpp, which is not installed.",
            code="generator_unavailable",
            hint="Install it: pip install 'muniment[llama-cpp]'.",
        ) from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = options.context_tokens
    parameters.n_parallel = 1
    parameters.verbosity = _QUIET
    if options.threads:
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = options.threads
    # The wheel opens an HTTP port besides, which nobody here uses: keep it on loopback and locked.
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [secrets.token_hex(16)]
    try:
        server: Server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise UnavailableError(
            f"Generator {name!r}: llama.cpp cannot load {path}: {error}",
            code="generator_unavailable",
            hint="Check that it is a whole GGUF file and that there is memory for it.",
        ) from error
    return server


def gguf(path: Path, name: str) -> Path:
    """The GGUF file that ``path`` is, or the only one in the folder that it is."""
    files = sorted(path.glob("*.gguf")) if path.is_dir() else [path]
    if len(files) == 1 and files[0].is_file():
        return files[0]
    found = ", ".join(file.name for file in files) if path.is_dir() else ""
    raise UnavailableError(
        f"Generator {name!r}: {path} is no GGUF file" + (f", but holds several: {found}." if found else "."),
        code="generator_unavailable",
        hint="Set `model_path` to one GGUF file, or `model` to a name that `muniment models list` shows.",
    )
