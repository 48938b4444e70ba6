"""What the daemon does by the calendar."""
