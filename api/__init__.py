"""The entrypoints: command line, HTTP and the composition root."""
