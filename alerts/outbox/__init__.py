"""The outbox emptied: which alert goes next, how, and what became of it."""
