"""Fault injection: chosen requests fail in chosen ways, for tests.

    faults.inject(Respond(503), api="intercom", method="PUT", times=2)
    faults.inject(Drop(after_handling=True), path=r"/contacts/[0-9a-f]+", skip=3, times=1)
    faults.inject(Respond(400), method="PUT", body=lambda sent: "plan" in sent["custom_attributes"])

A fault counts the requests that match it: it skips the first `skip`, applies to the next `times` (all when None),
and to none after. Several may apply to one request, in the order of their injection.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mogulsync.sandbox.request_log import ApiName


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer this instead of handling the request. The body is sent as it is: JSON, HTML, or nonsense."""

    status: int
    body: str | bytes | dict[str, Any] | list[Any] | None = None
    """None: an error body as the API would send with this status."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait before anything else happens."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Break the connection instead of answering."""

    after_handling: bool = False
    """Whether the request takes effect before, so that only its answer is lost."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """Handle the request, send this many bytes of the answer's body, and break the connection."""

    after: int = 20


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Handle the request and change the JSON of its answer."""

    change: Callable[[Any], Any]
    """Gets the parsed body and returns what to send instead; text and bytes are sent as they are."""


@dataclass(frozen=True, slots=True)
class RepeatFirstPage:
    """Answer a request for a later page of Intercom's contacts with that page, but with the first page's contacts."""


Effect = Respond | Delay | Drop | Truncate | Rewrite | RepeatFirstPage


@dataclass(slots=True)
class Fault:
    """An effect and the requests that it applies to."""

    effect: Effect
    api: ApiName | None = None
    method: str | None = None
    path: re.Pattern[str] | None = None
    body: Callable[[Any], bool] | None = None
    skip: int = 0
    times: int | None = None
    matched_count: int = 0
    """Requests that matched so far."""
    applied_count: int = 0
    """Requests that it was applied to so far."""

    def applies(self, api: ApiName, method: str, path: str, body: bytes) -> bool:
        """Count the request if it matches, and return whether the fault applies to it."""
        matches = (
            self.api in (None, api)
            and self.method in (None, method)
            and (self.path is None or self.path.fullmatch(path) is not None)
            and (self.body is None or _holds(self.body, body))
        )
        if not matches:
            return False
        self.matched_count += 1
        if self.matched_count <= self.skip or (self.times is not None and self.applied_count >= self.times):
            return False
        self.applied_count += 1
        return True


class Faults:
    """The injected faults."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def inject(
        self,
        effect: Effect,
        *,
        api: ApiName | None = None,
        method: str | None = None,
        path: str | None = None,
        body: Callable[[Any], bool] | None = None,
        skip: int = 0,
        times: int | None = None,
    ) -> Fault:
        """Add a fault and return it.

        Args:
            effect: What happens instead of, or to, the answer.
            api: Of these requests only; None: of both.
            method: Of these requests only.
            path: A regular expression for the whole path below the API's base URL.
            body: Returns whether a request's parsed JSON body matches; without one, or with a body that lacks what
                it looks up, the request does not match.
            skip: Matching requests that pass first.
            times: Requests that it applies to; None: all.
        """
        fault = Fault(effect, api, method, None if path is None else re.compile(path), body, skip, times)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def effects_on(self, api: ApiName, method: str, path: str, body: bytes) -> list[Effect]:
        """Count the request and return the effects that apply to it."""
        return [fault.effect for fault in self._faults if fault.applies(api, method, path, body)]


def _holds(test: Callable[[Any], bool], body: bytes) -> bool:
    try:
        return bool(test(json.loads(body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
