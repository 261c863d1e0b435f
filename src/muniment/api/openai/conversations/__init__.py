"""Conversations: items kept in order, which responses continue."""
