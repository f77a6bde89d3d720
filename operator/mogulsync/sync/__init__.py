"""One sync: read, match, diff, write, report."""
