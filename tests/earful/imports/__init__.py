"""Imports: made-up files in the true shape of each layout, and the cases that others recorded."""
