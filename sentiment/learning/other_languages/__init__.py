"""How the multilingual model is trained: upper layers over cached states of the lower ones."""
