"""The log of the requests that the sandbox got and of their answers' status: no bodies, no values."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

ApiName = Literal["chartmogul", "intercom"]

_CAPACITY: Final = 500_000
"""Requests kept; older ones are dropped, so that a sandbox may run for weeks."""


@dataclass(slots=True)
class LoggedRequest:
    """A request and the status of its answer."""

    api: ApiName
    method: str
    path: str
    """Below the API's base URL, without the query."""
    status: int | None = None
    """None while it is not answered, and where the connection was dropped instead."""
    written: tuple[str, ...] = ()
    """For an update of a contact: the names of what it sent, custom attributes as `custom_attributes.NAME`."""


class RequestLog:
    """The requests since the start or the last `clear`, oldest first."""

    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=_CAPACITY)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(list(self._requests))

    def append(self, request: LoggedRequest) -> None:
        """Add a request as the newest."""
        self._requests.append(request)

    def clear(self) -> None:
        """Drop all requests."""
        self._requests.clear()

    def select(
        self,
        *,
        api: ApiName | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> list[LoggedRequest]:
        """Return the requests that match everything given; `path` is a regular expression for the whole path."""
        return [
            each
            for each in self
            if (api is None or each.api == api)
            and (method is None or each.method == method)
            and (path is None or re.fullmatch(path, each.path))
            and (status is None or each.status == status)
        ]

    def count(
        self,
        *,
        api: ApiName | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> int:
        """Return the number of requests that `select` returns."""
        return len(self.select(api=api, method=method, path=path, status=status))
