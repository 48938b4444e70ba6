"""One file a table: the only SQL that writes."""
