"""What the pages of `earful serve` ask the store: counts, lists, one mention and its like."""
