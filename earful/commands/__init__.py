"""The commands, grouped by whom they serve. Each loads what it needs when it runs."""
