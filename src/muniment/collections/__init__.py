"""Declared collections: kept in existence, ingested, searched and asked."""
