"""Who translates what messages quote: a command, or an API."""
