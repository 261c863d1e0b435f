"""The HTTP server: translation between requests and the workspace, no state of its own."""
