"""Signals that stop a run: SIGTERM from the kubelet, Ctrl-C from a person."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """A signal to stop came during a wait that only its end or an exception can leave."""


class Signals:
    """Remembers a signal to stop, from the moment this is made.

    The first process of a container would otherwise not notice at all before the run listens.
    """

    def __init__(self) -> None:
        self._received = False
        self._raises = False
        for number in _STOPPING:
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._received = True
        if self._raises:
            raise StoppedError

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Leave the block on a signal, at once if one has come already; a read goes on otherwise (PEP 475).

        Raises:
            StoppedError: A signal came.
        """
        self._raises = True
        try:
            if self._received:
                raise StoppedError
            yield
        finally:
            self._raises = False

    def pass_on_to(self, stop: asyncio.Event) -> None:
        """Set the event on a signal, at once if one has come already. Needs a running loop."""
        for number in _STOPPING:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if self._received:
            stop.set()
