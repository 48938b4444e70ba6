"""Wires the rooms and holds the command line."""

__version__ = "0.1.0"
