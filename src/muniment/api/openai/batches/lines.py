"""The lines of a batch's file: one request each, or what is wrong with it."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from muniment.api.wire.base import Wire
from muniment.types import JsonObject

REQUIRED = {
    "/v1/chat/completions": ("model", "messages"),
    "/v1/completions": ("model", "prompt"),
    "/v1/embeddings": ("model", "input"),
    "/v1/responses": ("model", "input"),
}
"""What a request's body must have, by endpoint."""
MOST_PROBLEMS = 100
FIELDS: dict[str, type] = {"custom_id": str, "method": str, "url": str, "body": dict}

IsModel = Callable[[str], Awaitable[bool]]


class Problem(Wire):
    """What is wrong with a line, or with the file."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None
    """From 1."""


@dataclass(frozen=True, slots=True)
class Line:
    """A request of a batch."""

    custom_id: str
    body: JsonObject


async def read_lines(
    content: bytes, endpoint: str, is_model: IsModel
) -> tuple[tuple[Line, ...], tuple[Problem, ...]]:
    """The requests of a file in JSON Lines, and what is wrong with it; empty lines are passed over.

    Args:
        is_model: whether there is a model of that name.
    """
    lines: list[Line] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    models: dict[str, bool] = {}
    for number, written in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if not written.strip():
            continue
        line, found = _line(written, endpoint, number)
        problems += found
        if line is None or found:
            continue
        model = line.body["model"]
        if model not in models:
            models[model] = isinstance(model, str) and await is_model(model)
        if not models[model]:
            text = f"Model {str(model)[:100]!r} does not exist or is not supported."
            problems.append(Problem(code="model_not_found", message=text, param="body.model", line=number))
        if line.custom_id in seen:
            text = "An earlier line has this custom_id."
            problems.append(Problem(code="duplicate_custom_id", message=text, param="custom_id", line=number))
        seen.add(line.custom_id)
        lines.append(line)
        if len(problems) >= MOST_PROBLEMS:
            break
    if not lines and not problems:
        problems.append(Problem(code="empty_file", message="The file holds no requests."))
    return tuple(lines), tuple(problems[:MOST_PROBLEMS])


def _line(written: str, endpoint: str, number: int) -> tuple[Line | None, list[Problem]]:
    try:
        sent = json.loads(written)
    except (ValueError, RecursionError):
        text = "This line is not parseable as valid JSON."
        return None, [Problem(code="invalid_json_line", message=text, line=number)]
    if not isinstance(sent, dict):
        text = "Each line must be a JSON object."
        return None, [Problem(code="invalid_request", message=text, line=number)]
    problems = [
        Problem(
            code="missing_required_parameter" if sent.get(name) is None else "invalid_request",
            message=f"Missing required parameter: '{name}'."
            if sent.get(name) is None
            else f"'{name}' has the wrong type.",
            param=name,
            line=number,
        )
        for name, kind in FIELDS.items()
        if not isinstance(sent.get(name), kind)
    ]
    if problems:
        return None, problems
    return Line(sent["custom_id"], sent["body"]), _of_request(sent, endpoint, number)


def _of_request(sent: JsonObject, endpoint: str, number: int) -> list[Problem]:
    body = sent["body"]
    problems = []
    if sent["method"] != "POST":
        problems.append(
            Problem(code="invalid_method", message="The method must be POST.", param="method", line=number)
        )
    if sent["url"] != endpoint:
        text = "The URL provided for this request does not match the batch endpoint."
        problems.append(Problem(code="invalid_url", message=text, param="url", line=number))
    if body.get("stream"):
        text = "Streaming is not supported in batches."
        problems.append(Problem(code="streaming_unsupported", message=text, param="body.stream", line=number))
    for name in REQUIRED[endpoint]:
        if body.get(name) is None:
            text = f"{name.capitalize()} parameter is required."
            problems.append(Problem(code="invalid_request", message=text, param=f"body.{name}", line=number))
    return problems
