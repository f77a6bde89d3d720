"""Settings of every test."""

import signal

from hypothesis import HealthCheck, settings

# A busy machine draws slowly: neither a deadline nor a check of speed may fail a test.
settings.register_profile(
    "mogulsync",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("mogulsync")

# A shell starts its background jobs with SIGINT ignored, and a program inherits that: a command that a test
# interrupts would not notice. A handler of ours is not inherited.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
