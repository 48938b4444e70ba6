"""Whether a mention is about the brand: what people's yes and no teach."""
