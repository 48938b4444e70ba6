"""Replies posted at the sources, each over its owner's API, each once."""
