"""Batches of requests, worked through in the background."""
