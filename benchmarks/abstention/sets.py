"""How the sets of examples are named, for those who write them and those who train on them."""

OF_PAIRS = ", pairs"
"""How the names of the sets end whose questions are in pairs."""
