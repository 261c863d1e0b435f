"""What exists: collections, documents, runs and mendings, in SQLite or PostgreSQL."""

from muniment.catalog.catalog import Catalog, CollectionRecord

__all__ = ["Catalog", "CollectionRecord"]
