"""What exists: collections, documents, runs and mendings, in SQLite or PostgreSQL."""

from muniment.catalog.catalog import Catalog

__all__ = ["Catalog"]
