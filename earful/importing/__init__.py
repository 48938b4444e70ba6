"""Import files of mentions: whatever people have, read whole."""
