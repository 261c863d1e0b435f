"""Servers of the Model Context Protocol: which may be called, what tools they have, and calling these."""
