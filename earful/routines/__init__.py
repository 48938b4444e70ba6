"""What the daemon does by the calendar: the table, and a file for each routine."""
