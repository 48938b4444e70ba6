"""Signed HTTP intake beside the daemon: what senders push is read as `earful import` reads it."""
