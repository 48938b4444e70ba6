"""Readers of single fields."""
