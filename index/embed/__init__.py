"""Embedding models: what is known of each, and how it is loaded."""
