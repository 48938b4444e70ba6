"""Where alerts go beside Slack, a module a kind: each sends, looks where it can, and says so."""
