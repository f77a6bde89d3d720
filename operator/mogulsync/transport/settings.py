"""Every time, limit and size that requests keep to. Nothing of it is configurable from outside but by the spec."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """How long a request may take and how often it is sent again."""

    attempts: int = 6
    """How often a request is sent at most, the first attempt included."""

    attempt_timeout: float = 30.0
    """Seconds of one attempt, from the connection to the last byte of the answer."""

    total_timeout: float = 300.0
    """Seconds of all attempts and the waits between them. Waiting for the rate limiter is not counted."""

    backoff_first: float = 1.0
    """Seconds before the second attempt, at most; the wait doubles with each further one. Half of it up to all of it
    is waited, at random, so that requests that failed together are not sent again together."""

    backoff_max: float = 30.0
    """Seconds at which the doubling ends."""

    retry_after_max: float = 60.0
    """Seconds of `Retry-After` that are waited at most; a longer one counts as this."""

    throttled_timeout: float = 1800.0
    """Seconds for which a request may get nothing but refusals for being too fast. They use up neither attempts nor
    the time above."""

    unavailable_max: int = 40
    """503 in a row of one request that may mean too many connections. Of ten runs that share 20 connections each meets
    at most one 503 to each answer, so 40 in a row mean something else."""

    keep_alive: float = 4.0
    """Seconds that an idle connection is kept: less than the 5 after which common servers close theirs, so that a
    request is rarely sent on a connection that is just being closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartMogulLimits:
    """ChartMogul's limits, and how closely they are approached (dev.chartmogul.com/docs/rate-limits)."""

    requests_per_second: int = 38
    """Requests in any second. ChartMogul allows 40; two are left for requests that travel unusually long."""

    connections: int = 20
    """Requests in flight. ChartMogul answers 503 to more."""

    travel: float = 0.1
    """Seconds within which ChartMogul has counted a request, give or take what the two requests to spare absorb."""

    burst: float = 6.0
    """Requests at once in the beginning, and always."""

    ahead: float = 0.2
    """Seconds by which requests may catch up after a pause of this process, while others use the limit, too: more at
    once would be refused at the end of a second."""

    ahead_alone: float = 0.5
    """The same while nothing was ever refused."""

    rate_first: float = 24.0
    """Requests a second in the beginning. The rate grows by one with each answer until something is refused: a run
    alone is at its full rate after half a second, and ten that start together do not begin with 380 requests in one."""

    rate_min: float = 0.5
    """Requests a second that remain whatever is refused."""

    increase: float = 0.8
    """Requests a second that the rate gains in a second of full use. With more, rates of several runs are equal sooner
    and more is refused."""

    increase_doubles: float = 5.0
    """Seconds without a 429 after which the rate gains twice as much."""

    decrease: float = 0.08
    """Share of the rate that is lost with each 429, and of the connections with each 503."""

    pause_first: float = 0.05
    """Seconds without requests after a refusal, at most; doubles with each further one until another answer comes. Half
    of it up to all of it is waited, at random."""

    pause_max: float = 30.0
    """Seconds at which that doubling ends: the account's compute time is counted by the minute."""

    retry_after_max: float = 60.0
    """Seconds of `Retry-After` that all requests wait at most."""

    available_for: float = 10.0
    """Seconds after a good answer for which a 503 means too many connections; then it means that ChartMogul is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntercomLimits:
    """Intercom's limits, and how closely they are approached (developers.intercom.com, rate limiting)."""

    window: float = 10.0
    """Seconds of the window that `X-RateLimit-Limit` is for."""

    requests_unknown: float = 166.0
    """Requests a second to be ready for while no answer has named a limit: that of a private app."""

    requests_max: float = 250.0
    """Requests a second that one process can send, about: more connections than that takes are of no use."""

    requests_refused: int = 166
    """Requests per window assumed after a 429 that names no limit: what the oldest workspaces have (1,000 a minute)."""

    connections_min: int = 8
    """Requests in flight that are always allowed."""

    connections_max: int = 160
    """Requests in flight at most: enough for 166 requests a second that take 0.7 seconds each."""

    ahead: float = 0.25
    """Seconds by which requests may be ahead of the even spread: what a pause of this process may cost and be caught
    up."""

    pause_first: float = 1.0
    """Seconds without requests after a 429 that says nothing, or asks for no time while requests remain; doubles with
    each further one, up to the window."""

    retry_after_max: float = 60.0
    """Seconds of `Retry-After` that all requests wait at most."""

    reset_max: float = 60.0
    """Seconds until `X-RateLimit-Reset` that still make sense for a window of 10."""

    others_remembered: float = 30.0
    """Seconds for which other apps count as using the budget after they were last seen doing so."""

    reserve_min: float = 0.05
    """Share of the limit that is left to others at least, while they use the budget too."""

    reserve_max: float = 0.2
    """Share of the limit that is left to others at most, so that one burst of theirs does not cost a whole window."""
