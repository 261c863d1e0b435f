"""The default generator: no model, the sentences that answer, quoted exactly.

Candidates are sentences, list items and table rows of the passages. They are scored by the share of
the question's terms they carry (weighted by how rare each is among the candidates), by whether they
hold the kind of thing asked for, by how well their passage was retrieved, and, where the collection's
embedding model is at hand, by their cosine with the question. When too little speaks for an answer,
nothing is generated and the answerer abstains; support.py says what counts.
"""

from muniment.providers.extractive.generator import PROVIDER

__all__ = ["PROVIDER"]
