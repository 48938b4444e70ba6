"""placeholder"""


def complaint_key(mention_id: str) -> str:
    """Name the alert that tells of an angry mention, whatever its text or kind becomes."""
    return f"complaint:{mention_id}"
