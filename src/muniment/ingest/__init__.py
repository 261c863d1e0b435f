"""From source files to searchable chunks, without loss and without duplicates."""
