"""Routes of OpenAI's API, which Llama Stack and OGX have too."""
