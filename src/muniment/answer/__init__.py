"""From a question to an answer whose every claim has been checked."""
