"""Texts in, verdicts out: what runs in production."""
