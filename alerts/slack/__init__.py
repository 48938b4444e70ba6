"""Slack itself: posting, looking, hearing buttons, and what its errors mean."""
