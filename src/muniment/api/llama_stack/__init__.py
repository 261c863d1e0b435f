"""Llama Stack's own routes."""
