"""Source: a folder on this machine."""

from muniment.protocols import Provider
from muniment.providers.folder_source.source import FolderSource, FolderSourceOptions, create

PROVIDER = Provider("folder", FolderSourceOptions, create)

__all__ = ["PROVIDER", "FolderSource", "FolderSourceOptions"]
