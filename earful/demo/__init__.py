"""The living demo: a made-up brand, its story, and a local site that answers as real sources."""
