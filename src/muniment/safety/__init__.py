"""Shields: language models that judge whether what is said is safe."""
