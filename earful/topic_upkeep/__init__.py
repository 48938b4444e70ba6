"""What brands' mentions are about: the store's topics sorted by, found again, and counted."""
