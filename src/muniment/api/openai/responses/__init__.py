"""Responses: a model's answer to a conversation, with documents searched and functions called."""
