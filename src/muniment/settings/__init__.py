"""Typed settings: one YAML file plus MUNIMENT_* environment variables, unknown keys refused."""

from muniment.settings.gate import GateSettings
from muniment.settings.load import find_settings_file, load_settings
from muniment.settings.model import (
    AdoptSettings,
    ChunkingSettings,
    CollectionSettings,
    DialectName,
    ProviderSettings,
    ServerSettings,
    Settings,
    SourceSettings,
)

__all__ = [
    "AdoptSettings",
    "ChunkingSettings",
    "CollectionSettings",
    "DialectName",
    "GateSettings",
    "ProviderSettings",
    "ServerSettings",
    "Settings",
    "SourceSettings",
    "find_settings_file",
    "load_settings",
]
