"""What must happen because of what was said: pure, no store, no clock, no network."""
