"""Intercom's API as this project uses it."""
