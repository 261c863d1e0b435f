"""OpenAI's routes, served below ``/v1`` and, for clients of Llama Stack 0.2, below ``/v1/openai/v1``."""
