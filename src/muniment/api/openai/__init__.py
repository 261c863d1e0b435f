"""OpenAI's routes, for every dialect that has them."""
