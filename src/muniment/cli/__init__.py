"""The command line; importing it is light, each command imports what it needs when it runs."""
