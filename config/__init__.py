"""What the user says: settings, brand queries, errors. Imports nothing of ours."""
