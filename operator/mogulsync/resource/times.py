"""Times as Kubernetes writes them."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """Return the time in RFC 3339, in UTC, to the second, such as 2026-11-25T08:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
