"""One HTTP request, rate-limited, retried and counted: what both API clients are built on."""
