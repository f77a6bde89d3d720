"""What was asked of the sandbox and what it answered: no bodies, no values."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Api = Literal["chartmogul", "intercom"]

_REMEMBERED: Final = 500_000
"""Exchanges kept; older ones are forgotten, so that a sandbox may run for weeks."""


@dataclass(slots=True)
class Exchange:
    """A request and its answer."""

    api: Api
    method: str
    path: str
    """Below the API's base URL, without the query."""
    status: int | None = None
    """None while it is not answered, or when the connection was dropped instead."""
    written: tuple[str, ...] = ()
    """For a write to a contact: the names of what it sent, custom attributes as `custom_attributes.NAME`."""


class Traffic:
    """The exchanges since the start or the last `clear`, oldest first."""

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=_REMEMBERED)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(list(self._exchanges))

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange."""
        self._exchanges.append(exchange)

    def clear(self) -> None:
        """Forget everything."""
        self._exchanges.clear()

    def select(
        self,
        *,
        api: Api | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that fit everything given; `path` is a regular expression for the whole path."""
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
        api: Api | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> int:
        """Return how many exchanges `select` finds."""
        return len(self.select(api=api, method=method, path=path, status=status))
