"""Answers to complaints: how they reach their source, and what people do with them."""
