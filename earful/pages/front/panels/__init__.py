"""The panels of the home page: each reads its numbers and says what to do where it has none."""
