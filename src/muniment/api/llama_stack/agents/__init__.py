"""Llama Stack's agents: translation between its shapes and ``muniment.agents``."""
