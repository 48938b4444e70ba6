"""What is measured; each prints a ratio."""
