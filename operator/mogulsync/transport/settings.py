"""How long a request may take and how often it is tried again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits of one request; all times in seconds."""

    attempts: int = 6
    """Times a request is sent at most, the first included."""
    attempt_timeout: float = 30.0
    """For one attempt, from the connection to the last byte of the answer."""
    total: float = 300.0
    """For all attempts and the waits between them; waiting for the API's request budget is not counted."""
    backoff_first: float = 1.0
    """Before the second attempt; doubles with each further one. The wait is between half of this and all of it."""
    backoff_max: float = 30.0
    """The doubling ends here."""
    retry_after_max: float = 60.0
    """The longest `Retry-After` that is waited out; a longer one is cut to this."""
