"""One provider a file (or a folder of its own), each behind a protocol; none knows another."""
