"""The commands, a file each, and what several of them share. Each loads late what it needs."""
