"""Finds providers by kind and name through entry points, and makes them from settings."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from muniment.errors import SettingsError, unknown_name
from muniment.protocols import Provider, ProviderContext
from muniment.settings import ProviderSettings
from muniment.settings.problems import describe_problems

KINDS = ("sources", "parsers", "embedders", "vector_stores", "file_stores", "generators", "rerankers")


@cache
def provider_entry_points() -> tuple[EntryPoint, ...]:
    """The providers of all kinds; found in one go, since every installed package is read for them."""
    found = entry_points()
    return tuple(point for kind in KINDS for point in found.select(group=f"muniment.{kind}"))


@cache
def provider_names(kind: str) -> list[str]:
    """Names of the installed providers of a kind, without importing any."""
    return sorted({point.name for point in provider_entry_points() if point.group == f"muniment.{kind}"})


@cache
def find_provider(kind: str, name: str) -> Provider[Any]:
    """The provider called ``name``.

    Raises:
        NotFoundError: no such provider is installed; lists those that are.
    """
    for point in provider_entry_points():
        if (point.group, point.name) == (f"muniment.{kind}", name):
            provider: Provider[Any] = point.load()
            return provider
    raise unknown_name("provider", name, provider_names(kind))


def check_options(kind: str, settings: ProviderSettings, where: str) -> Any:
    """The provider's options, checked.

    Raises:
        NotFoundError: code ``unknown_provider``; names the setting.
        SettingsError: an option is unknown, missing or of the wrong type.
    """
    if settings.provider not in (known := provider_names(kind)):
        raise unknown_name("provider", settings.provider, known, where=f"{where}.provider" if where else "")
    provider = find_provider(kind, settings.provider)
    try:
        return provider.options.model_validate(settings.options)
    except ValidationError as error:
        raise SettingsError(
            describe_problems(error, provider.options, where),
            hint=f"Provider {settings.provider!r} is described in docs/reference/settings.md.",
        ) from error


async def create(kind: str, settings: ProviderSettings, context: ProviderContext, where: str) -> Any:
    """Make the provider's object from its settings.

    Raises:
        MunimentError: settings wrong or the provider cannot start; says what to do.
    """
    options = check_options(kind, settings, where)
    return await find_provider(kind, settings.provider).create(options, context)
