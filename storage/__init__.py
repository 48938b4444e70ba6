"""The SQLite store: models, migrations, and the only SQL of the project."""
