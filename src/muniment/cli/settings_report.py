"""What ``muniment config check`` says: where settings come from, and what they name that is not there."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from muniment.api.wire.base import Wire
from muniment.build import check_providers, named_providers
from muniment.errors import MunimentError
from muniment.registry import check_options
from muniment.settings import ProviderSettings, Settings
from muniment.settings.load import PREFIX, RESERVED
from muniment.weights import resolve

WITH_WEIGHTS = {("embedders", "encoder"), ("generators", "llama_cpp")}


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
    """Check the providers' options, and look for folders and weights.

    Raises:
        SettingsError: an option is wrong.
        NotFoundError: code ``unknown_provider``.
    """
    check_providers(settings)
    variables = (name for name in sorted(os.environ) if name.startswith(PREFIX) and name not in RESERVED)
    return SettingsReport(
        file=str(file) if file else None,
        environment=tuple(variables),
        data_dir=str(settings.data_dir),
        collections=tuple(settings.collections),
        warnings=(*_missing_sources(settings), *_missing_weights(settings)),
    )


def _missing_sources(settings: Settings) -> Iterator[str]:
    for name, collection in settings.collections.items():
        for source in collection.sources:
            path = source.options.get("path")
            if source.provider == "folder" and path and not Path(path).exists():
                yield f"collections.{name}.sources: {path} does not exist."
        if not collection.sources:
            yield f"collections.{name} has no sources: its documents can only be uploaded."


def _missing_weights(settings: Settings) -> Iterator[str]:
    """Of the models that are computed in this process."""
    for where, model in _models(settings):
        if isinstance(model, Path) and model.is_file():
            continue
        try:
            resolve(model, settings.data_dir)
        except MunimentError as error:
            yield f"{where}: {error.message} {error.hint}"


def _models(settings: Settings) -> Iterator[tuple[str, str | Path]]:
    declared = settings.embedding_models
    used = {collection.embedding_model for collection in settings.collections.values()}
    for name in sorted(used - set(declared)):
        yield f"embedding model {name}", name
    for kind, where, provider in named_providers(settings):
        if (kind, provider.provider) in WITH_WEIGHTS:
            yield where, _model_of(kind, where, provider)


def _model_of(kind: str, where: str, provider: ProviderSettings) -> str | Path:
    """Name of the model, the declared one when the options give none; or the folder or file it lies in."""
    options: Any = check_options(kind, provider, where)
    place: str | Path | None = getattr(options, "path", None) or getattr(options, "model_path", None)
    return Path(place) if place else options.model or where.rsplit(".", 1)[-1]
