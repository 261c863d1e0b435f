"""Contract tests that every provider passes, ours and a stranger's alike."""
