"""One HTTP request, paced, retried and counted: what both API clients stand on."""
