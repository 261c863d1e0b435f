"""What ``muniment config check`` says: where settings come from, and what they name that is not there."""

import asyncio
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from muniment.api.questions import none_declared
from muniment.api.wire.base import Wire
from muniment.build import check_providers, named_providers, remote_source_problems
from muniment.errors import MunimentError, NotFoundError, unknown_name
from muniment.evaluation import counted, read_questions
from muniment.registry import check_options
from muniment.settings import ProviderSettings, Settings
from muniment.settings.load import PREFIX, RESERVED
from muniment.weights import CATALOGUE, find, resolve

WITH_WEIGHTS = {("embedders", "encoder"), ("generators", "llama_cpp")}
PURPOSES = {"embedders": "embedding", "generators": "generation"}
NAMES = {"embedders": "embedding model", "generators": "text generator"}


class SettingsReport(Wire):
    """Settings that are valid, where they come from, and what is missing around them."""

    ok: bool = True
    file: str | None
    """The settings file; null for the defaults alone."""
    environment: tuple[str, ...]
    """Variables that lie over the file."""
    data_dir: str
    collections: tuple[str, ...]
    warnings: tuple[str, ...]


def make_report(settings: Settings, file: Path | None) -> SettingsReport:
    """Check the providers' options, and look for folders, other sources and weights.

    Raises:
        SettingsError: an option is wrong.
        NotFoundError: codes ``unknown_provider``, ``unknown_model``.
    """
    check_providers(settings)
    variables = (name for name in sorted(os.environ) if name.startswith(PREFIX) and name not in RESERVED)
    return SettingsReport(
        file=str(file) if file else None,
        environment=tuple(variables),
        data_dir=str(settings.data_dir),
        collections=tuple(settings.collections),
        warnings=(
            *_missing_collections(settings),
            *_missing_sources(settings),
            *asyncio.run(remote_source_problems(settings)),
            *_unusable_gates(settings),
            *_missing_engines(settings),
            *_missing_weights(settings),
        ),
    )


def _missing_collections(settings: Settings) -> Iterator[str]:
    if not settings.collections:
        nothing = none_declared()
        yield f"{nothing.message} {nothing.hint}"


def _missing_engines(settings: Settings) -> Iterator[str]:
    """Of the providers that come with an extra: worth knowing before their weights are fetched."""
    for _, where, provider in named_providers(settings):
        if provider.provider == "llama_cpp" and importlib.util.find_spec("xllamacpp") is None:
            yield (
                f"{where}: llama.cpp is not installed; it comes with the extra llama-cpp. "
                "Install it first: pip install 'muniment[llama-cpp]'."
            )


def _missing_sources(settings: Settings) -> Iterator[str]:
    for name, collection in settings.collections.items():
        for source in collection.sources:
            path = source.options.get("path")
            if source.provider == "folder" and path and not Path(path).exists():
                yield f"collections.{name}.sources: {path} does not exist."
        if not collection.sources and not collection.adopt:
            yield f"collections.{name} has no sources: its documents can only be uploaded."


def _unusable_gates(settings: Settings) -> Iterator[str]:
    """Of gates whose questions cannot be read, or all of which are drafted."""
    for name, collection in settings.collections.items():
        if collection.gate is not None:
            try:
                counted(read_questions(collection.gate.questions))
            except MunimentError as error:
                yield f"collections.{name}.gate: {error.message} {error.hint}"


def _missing_weights(settings: Settings) -> Iterator[str]:
    """Of the models that are computed in this process."""
    for kind, where, model in _models(settings):
        if isinstance(model, Path) and model.is_file():
            continue
        try:
            resolve(model, settings.data_dir)
        except MunimentError as error:
            if error.code == "unknown_model" or _is_of_another_kind(kind, model):
                raise _unknown_model(settings, kind, where, str(model)) from error
            yield f"{where}: {error.message} {error.hint}"


def _is_of_another_kind(kind: str, model: str | Path) -> bool:
    return str(model) in CATALOGUE and find(str(model)).kind != PURPOSES[kind]


def _unknown_model(settings: Settings, kind: str, where: str, model: str) -> NotFoundError:
    """Lists the models that could stand there, and no others."""
    packaged = [weights.name for weights in CATALOGUE.values() if weights.kind == PURPOSES[kind]]
    declared = list(settings.embedding_models) if where.startswith("collections.") else []
    error = unknown_name(NAMES[kind], model, [*packaged, *declared], code="unknown_model")
    return NotFoundError(f"{where}: {error.message}", code=error.code, hint=error.hint)


def _models(settings: Settings) -> Iterator[tuple[str, str, str | Path]]:
    """Kind of the provider, place in the settings, and name or path of the model; each model once."""
    used = {collection.embedding_model: name for name, collection in reversed(settings.collections.items())}
    for model in sorted(set(used) - set(settings.embedding_models)):
        yield "embedders", f"collections.{used[model]}.embedding_model", model
    for kind, where, provider in named_providers(settings):
        if (kind, provider.provider) in WITH_WEIGHTS:
            yield kind, where, _model_of(kind, where, provider)


def _model_of(kind: str, where: str, provider: ProviderSettings) -> str | Path:
    """Name of the model, the declared one when the options give none; or the folder or file it lies in."""
    options: Any = check_options(kind, provider, where)
    place: str | Path | None = getattr(options, "path", None) or getattr(options, "model_path", None)
    return Path(place) if place else options.model or where.rsplit(".", 1)[-1]
