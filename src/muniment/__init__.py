"""Muniment: question answering over private documents, with checked evidence."""

__version__ = "0.1.0"
