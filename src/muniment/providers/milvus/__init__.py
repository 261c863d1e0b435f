"""Milvus through pymilvus: Milvus Lite in a folder by default, a Milvus server by URI."""

from muniment.protocols import Provider
from muniment.providers.milvus.options import MilvusOptions, SearchBy
from muniment.providers.milvus.store import MilvusStore, create

PROVIDER = Provider("milvus", MilvusOptions, create)

__all__ = ["PROVIDER", "MilvusOptions", "MilvusStore", "SearchBy"]
