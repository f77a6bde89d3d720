"""Settings of every test."""

from hypothesis import HealthCheck, settings

# A busy machine draws slowly: neither a deadline nor a check of speed may fail a test.
settings.register_profile(
    "mogulsync",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("mogulsync")
