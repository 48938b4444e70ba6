"""Fake sources over real HTTP, each with the part of its API that replies go through."""
