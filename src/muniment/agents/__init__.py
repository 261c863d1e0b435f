"""Agents: their sessions, and turns in which a model and its tools answer."""
