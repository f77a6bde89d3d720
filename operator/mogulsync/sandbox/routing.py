"""Finds what handles a request."""

import re
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


class Routes:
    """Methods and paths, in order.

    A path is a regular expression for all of it; its named groups become arguments of the handler.
    """

    def __init__(self, *routes: tuple[str, str, Callable[..., Awaitable[Response]]]) -> None:
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    def find(self, method: str, path: str) -> Handler | int:
        """Return what handles the request, or the status that says why nothing does: 404 or 405."""
        status = 404
        for of_method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and of_method == method:
                return partial(handler, **found.groupdict())
            if found:
                status = 405
        return status
