"""Routes that only Llama Stack has."""
