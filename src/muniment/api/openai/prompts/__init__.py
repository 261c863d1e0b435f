"""Prompts: instructions with variables, kept in versions."""
