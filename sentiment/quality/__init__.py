"""How well a model does, and how far its probabilities hold."""
