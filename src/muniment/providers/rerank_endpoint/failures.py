"""What is told when an endpoint fails."""

import json

import httpx

from muniment.endpoints import OF_THE_SETTINGS, RETRIED, PassingError, seconds_asked, told_by, without_key
from muniment.errors import InputError, MunimentError, TimeoutExceededError, UnavailableError
from muniment.providers.rerank_endpoint.options import RerankEndpointOptions


class Failures:
    """Errors of one endpoint, in words that never hold its key."""

    def __init__(self, name: str, options: RerankEndpointOptions, api_key: str) -> None:
        self._name = name
        self._url = f"{options.base_url}/rerank"
        self._key = api_key

    def refusal(self, response: httpx.Response) -> PassingError | MunimentError:
        """The error of an answer of status 300 or more; PassingError when another try may help."""
        status = response.status_code
        said = f"{self._url} answered {status}: {self._safe(_message(response.text)) or 'nothing more'}"
        if status >= 500 or status in RETRIED:
            error = UnavailableError(
                f"Reranker {self._name!r} cannot score. {said}",
                code="reranker_unavailable",
                hint="Look at the endpoint's log.",
            )
            after = seconds_asked(response.headers.get("retry-after", ""))
            return PassingError(error, after) if status in RETRIED else error
        if status < 400 or status in OF_THE_SETTINGS:
            hint = {
                401: "Set the key with `api_key_env` or `api_key_file`.",
                403: "The key may not use this model.",
            }
            return UnavailableError(
                f"Reranker {self._name!r} was refused. {said}",
                code="reranker_refused",
                hint=hint.get(status, "Check `base_url`, `api` and `model`, and that it serves a reranker."),
            )
        return InputError(
            f"Reranker {self._name!r} refused the request. {said}",
            code="reranker_refused",
            hint="Check `api`, `batch_size` and `truncate_prompt_tokens` against what the server takes.",
        )

    def no_scores(self, why: str) -> UnavailableError:
        """An answer in no form that is known."""
        return UnavailableError(
            f"Reranker {self._name!r} at {self._url} sent no scores: {self._safe(why)}.",
            code="reranker_unavailable",
            hint="Check that `api` is what the server speaks, and that its model is a reranker.",
        )

    def too_slow(self, limit: str) -> TimeoutExceededError:
        """A time limit passed; ``limit`` is the option that sets it."""
        return TimeoutExceededError(
            f"Reranker {self._name!r} at {self._url} did not answer within its time limit.",
            code="reranker_timeout",
            hint=f"Look whether the endpoint is overloaded, lower `rerank_candidates`, or raise `{limit}`.",
        )

    def unreachable(self, error: httpx.HTTPError) -> UnavailableError:
        """The endpoint cannot be reached."""
        detail = f"{type(error).__name__}: {self._safe(str(error))}" if str(error) else type(error).__name__
        return UnavailableError(
            f"Reranker {self._name!r} at {self._url} cannot be had: {detail}.",
            code="reranker_unavailable",
            hint="Start the endpoint or mend `base_url`.",
        )

    def _safe(self, text: str) -> str:
        return without_key(text, self._key)


def _message(text: str) -> str:
    """The message of an error's body; the text when it is no JSON."""
    try:
        return told_by(json.loads(text))
    except ValueError:
        return " ".join(text.split())
