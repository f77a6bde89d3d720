"""The times and ids that answers carry in their headers."""

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_SECONDS = re.compile(r"\d+(\.\d+)?")


@lru_cache(maxsize=16)
def http_date(text: str) -> float | None:
    """Return an HTTP date as unix seconds; None when it is none.

    Cached: an API under load answers many times within the one second of a date.
    """
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def server_time(headers: Mapping[str, str]) -> float | None:
    """Return the server's clock by its answer (whole unix seconds, rounded down); None where it has no date."""
    date = headers.get("date")
    return http_date(date) if date else None


def retry_after(headers: Mapping[str, str], *, wall_time: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, None without one that makes sense.

    More seconds than a float holds are infinity. A date is compared with the server's own clock where the answer has
    it, otherwise with `wall_time`, which may be NaN: then such a date says nothing.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return float(text)
    moment = http_date(text)
    if moment is None:
        return None
    now = server_time(headers)
    wait = moment - (wall_time if now is None else now)
    return None if math.isnan(wait) else max(0.0, wait)


def safe_token(value: object) -> str | None:
    """Return an error code or request id that may be shown; None for anything else, such as a sentence."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if _TOKEN.fullmatch(text) else None
