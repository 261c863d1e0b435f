"""llama.cpp in this process, through the prebuilt xllamacpp wheel; weights are GGUF files."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from muniment.errors import InputError, TimeoutExceededError, UnavailableError
from muniment.protocols import Generator, Prompt, Provider, ProviderContext
from muniment.weights import resolve

log = logging.getLogger(__name__)

_QUIET = 1
"""llama.cpp's verbosity that leaves errors only."""
_END = None


class LlamaCppOptions(BaseModel):
    """Options of the llama.cpp generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(
        default=None, description="Packaged weights by name; `muniment models list` shows them."
    )
    model_path: Path | None = Field(default=None, description="A GGUF file of your own, instead of `model`.")
    context_tokens: int = Field(default=4096, ge=512, description="Context in tokens, answer included.")
    threads: int | None = Field(default=None, ge=1, description="Threads; llama.cpp's choice when omitted.")
    token_timeout_s: float = Field(
        default=120.0, gt=0, description="Seconds to wait for a token, also the first."
    )
    fallback: str | None = Field(
        default=None, description="Name of the generator that is asked when this one cannot begin."
    )

    @model_validator(mode="after")
    def _one_model(self) -> "LlamaCppOptions":
        if (self.model is None) == (self.model_path is None):
            raise ValueError("give exactly one of model and model_path")
        return self


class _Server(Protocol):
    def handle_chat_completions(
        self, prompt: dict[str, Any], callback: Callable[[dict[str, Any]], bool]
    ) -> None: ...


class LlamaCppGenerator:
    """Streams answers of one model; one at a time, the others wait their turn in order."""

    def __init__(self, name: str, server: _Server, options: LlamaCppOptions) -> None:
        self._name = name
        self._server: _Server | None = server
        self._options = options
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"llama-{name}")

    @property
    def name(self) -> str:
        """The name the settings give it."""
        return self._name

    @property
    def context_tokens(self) -> int:
        """As the options say."""
        return self._options.context_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """The answer's tokens. A reader who stops reading stops the model.

        Raises:
            InputError: ``prompt_too_long``.
            UnavailableError: ``generator_unavailable``.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        abandoned = False

        def receive(event: dict[str, Any]) -> bool:
            loop.call_soon_threadsafe(arrived.put_nowait, event)
            return abandoned

        def run() -> None:
            try:
                if not abandoned and self._server is not None:
                    self._server.handle_chat_completions(_request(prompt), receive)
            finally:
                loop.call_soon_threadsafe(arrived.put_nowait, _END)

        running = loop.run_in_executor(self._thread, run)
        try:
            while (event := await self._next(arrived)) is not _END:
                if "error" in event:
                    raise self._failed(event["error"])
                for choice in event.get("choices") or []:
                    if piece := (choice.get("delta") or {}).get("content"):
                        yield str(piece)
            await running
        finally:
            abandoned = True

    async def check(self) -> None:
        """Whether the model is loaded.

        Raises:
            UnavailableError: it was closed.
        """
        if self._server is None:
            raise UnavailableError(
                f"Generator {self._name!r} has been closed.",
                code="generator_unavailable",
                hint="Restart.",
            )

    async def aclose(self) -> None:
        """Wait for the answer in the making, then free the model."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        self._server = None

    async def _next(self, arrived: asyncio.Queue[dict[str, Any] | None]) -> dict[str, Any] | None:
        try:
            return await asyncio.wait_for(arrived.get(), self._options.token_timeout_s)
        except TimeoutError as error:
            raise TimeoutExceededError(
                f"Generator {self._name!r} wrote nothing for {self._options.token_timeout_s:g} s.",
                code="generator_timeout",
                hint="Give it a processor core of its own, or raise `token_timeout_s`.",
            ) from error

    def _failed(self, error: dict[str, Any]) -> Exception:
        told = str(error.get("message", error))
        if error.get("type") == "exceed_context_size_error":
            return InputError(
                f"The prompt is too long for generator {self._name!r}: {told}",
                code="prompt_too_long",
                hint="Lower the collection's `top_k`, or raise the generator's `context_tokens`.",
            )
        return UnavailableError(
            f"Generator {self._name!r} failed: {told}", code="generator_unavailable", hint="Look at the log."
        )


def _request(prompt: Prompt) -> dict[str, Any]:
    return {
        "messages": [{"role": role, "content": content} for role, content in prompt.messages],
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
        "stream": True,
        "cache_prompt": True,
    }


def _load(path: Path, options: LlamaCppOptions, name: str) -> _Server:
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
        server: _Server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise UnavailableError(
            f"Generator {name!r}: llama.cpp cannot load {path}: {error}",
            code="generator_unavailable",
            hint="Check that it is a whole GGUF file and that there is memory for it.",
        ) from error
    return server


def _gguf(path: Path, name: str) -> Path:
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


async def _create(options: LlamaCppOptions, context: ProviderContext) -> Generator:
    name = context.name or "llama_cpp"
    path = _gguf(options.model_path or resolve(str(options.model), context.data_dir), name)
    return LlamaCppGenerator(name, await asyncio.to_thread(_load, path, options, name), options)


PROVIDER: Provider[Generator] = Provider("llama_cpp", LlamaCppOptions, _create)
