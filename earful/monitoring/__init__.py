"""What programs that watch the daemon may ask: whether it is healthy, ready, and its metrics."""
