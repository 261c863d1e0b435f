"""What is told when an endpoint fails."""

import json

import httpx

from muniment.endpoints import OF_THE_SETTINGS, RETRIED, PassingError, seconds_asked, told_by, without_key
from muniment.errors import InputError, MunimentError, TimeoutExceededError, UnavailableError
from muniment.protocols import JsonObject
from muniment.providers.openai_generator.options import OpenAIGeneratorOptions

_TOO_LONG = (
    "context length",
    "context size",
    "maximum context",
    "too long",
    "context_length",
    "max_model_len",
)


class Failures:
    """Errors of one endpoint, in words that never hold its key."""

    def __init__(self, name: str, options: OpenAIGeneratorOptions, api_key: str) -> None:
        self._name = name
        self._url = options.base_url
        self._key = api_key

    def refusal(self, response: httpx.Response) -> PassingError | MunimentError:
        """The error of an answer of status 400 or more; PassingError when another try may help."""
        error = self.error_of(response)
        if response.status_code in RETRIED and not isinstance(error, InputError):
            return PassingError(error, seconds_asked(response.headers.get("retry-after", "")))
        return error

    def error_of(self, response: httpx.Response) -> MunimentError:
        """The error of an answer of status 400 or more, by whose fault it is."""
        told = self._safe(told_by(parsed(response.text)) or response.text.strip())
        status = response.status_code
        if status in (400, 413, 422) and any(word in told.lower() for word in _TOO_LONG):
            return InputError(
                f"The prompt is too long for generator {self._name!r}: {told}",
                code="prompt_too_long",
                hint="Send less (for answers: lower the collection's `top_k`), or set `context_tokens` to "
                "what the model has.",
            )
        said = f"{self._url} answered {status}: {told or 'nothing more'}"
        if status >= 500 or status in RETRIED:
            return UnavailableError(
                f"Generator {self._name!r} cannot answer. {said}",
                code="generator_unavailable",
                hint="Look at the endpoint's log; declare a `fallback` to be safe from this.",
            )
        if status not in OF_THE_SETTINGS:
            return self.refused_request(said)
        hint = {
            401: "Set the key with `api_key_env` or `api_key_file`.",
            403: "The key may not use this model.",
        }
        return UnavailableError(
            f"Generator {self._name!r} was refused. {said}",
            code="generator_refused",
            hint=hint.get(status, "Check `base_url` and `model`; GET /v1/models lists what is served."),
        )

    def refused_request(self, said: str) -> InputError:
        """The request is the caller's mistake."""
        return InputError(
            f"Generator {self._name!r} refused the request. {said}",
            code="generator_refused",
            hint="Change the request as the message says.",
        )

    def broken_stream(self, event: JsonObject | None, data: str) -> PassingError:
        """An error instead of a chunk."""
        told = self._safe(told_by(event) if event else data)
        return PassingError(self.unreachable(f"it sent an error in the stream: {told}"))

    def no_completion(self, data: str) -> PassingError:
        """An answer in no form that is known."""
        why = f"it sent no part of a completion: {self._safe(data)}"
        return PassingError(self.unreachable(why))

    def only(self, served: list[str]) -> str:
        """The only model served; UnavailableError when there are more or none."""
        if len(served) == 1:
            return served[0]
        raise UnavailableError(
            f"Generator {self._name!r} names no model and {self._url} serves {len(served)}: "
            f"{', '.join(served) or 'none'}.",
            code="generator_unavailable",
            hint="Set `model` to one of them.",
        )

    def no_such_model(self, wanted: str, served: list[str]) -> UnavailableError:
        """The settings name a model that is not served."""
        return UnavailableError(
            f"Generator {self._name!r}: {self._url} does not serve {wanted!r}; it serves "
            f"{', '.join(served) or 'nothing'}.",
            code="generator_refused",
            hint="Set `model` to one of them.",
        )

    def too_slow(self, error: BaseException, limit: str) -> TimeoutExceededError:
        """A time limit passed; ``limit`` is the option that sets it, unless connecting took too long."""
        shown = "connect_timeout_s" if isinstance(error, httpx.ConnectTimeout) else limit
        return TimeoutExceededError(
            f"Generator {self._name!r} at {self._url} did not answer within its time limit.",
            code="generator_timeout",
            hint=f"Look whether the endpoint is overloaded, or raise `{shown}`.",
        )

    def unreachable(self, what: str, error: Exception | None = None) -> UnavailableError:
        """The endpoint cannot be reached or sends nonsense."""
        detail = f"{what}: {self._safe(str(error))}" if error is not None and str(error) else what
        return UnavailableError(
            f"Generator {self._name!r} at {self._url} cannot be had: {detail}.",
            code="generator_unavailable",
            hint="Start the endpoint or mend `base_url`; declare a `fallback` to be safe from this.",
        )

    def _safe(self, text: str) -> str:
        return without_key(text, self._key)


def parsed(text: str) -> JsonObject | None:
    """The JSON object that the text is; None when it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
