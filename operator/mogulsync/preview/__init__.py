"""What a dry run found, for people to look at: rows, a table of them, and a page."""
