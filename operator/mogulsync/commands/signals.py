"""Signals that stop a run: SIGTERM from the kubelet, Ctrl-C from a person."""

import asyncio
import signal
from types import FrameType
from typing import Final

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Remembers a signal to stop, from the moment this is made.

    The first process of a container would otherwise not notice at all before the run listens.
    """

    def __init__(self) -> None:
        self._received = False
        for number in _STOPPING:
            signal.signal(number, self._remember)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._received = True

    def pass_on_to(self, stop: asyncio.Event) -> None:
        """Set the event on a signal, at once if one has come already. Needs a running loop."""
        for number in _STOPPING:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if self._received:
            stop.set()
