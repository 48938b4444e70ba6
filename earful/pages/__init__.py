"""What brand managers look at: dashboards and reports."""
