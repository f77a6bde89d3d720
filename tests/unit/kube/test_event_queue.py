"""Events of the thread that watches reach the loop of the home thread: each once, in order."""

import asyncio
import threading
from typing import Any

import pytest

from mogulsync.kube.objects import JOBS, GroupVersionResource, Object
from mogulsync.kube.watch import _EventQueue

COUNT = 2000


async def all_taken(taken: list[int], count: int) -> None:
    async with asyncio.timeout(60):
        while len(taken) < count:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


async def test_they_come_in_order_while_the_loop_takes_some_and_others_are_added() -> None:
    taken: list[int] = []

    def take(_resource: GroupVersionResource, _event: str | None, seen: Object) -> None:
        taken.append(seen["number"])

    events = _EventQueue(asyncio.get_running_loop(), take)

    def watch() -> None:
        for number in range(COUNT):
            events.add(JOBS, "MODIFIED", {"number": number})

    thread = threading.Thread(target=watch)
    thread.start()
    await all_taken(taken, COUNT)
    thread.join()
    assert taken == list(range(COUNT))


async def test_one_that_cannot_be_handled_keeps_none_back() -> None:
    taken: list[int] = []

    def take(_resource: GroupVersionResource, _event: str | None, seen: Object) -> None:
        if seen["number"] == 1:
            raise ValueError("a fault of ours")
        taken.append(seen["number"])

    reported: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: reported.append(context))
    events = _EventQueue(loop, take)
    for number in range(3):
        events.add(JOBS, "MODIFIED", {"number": number})
    await all_taken(taken, 2)
    assert taken == [0, 2]
    assert [str(each["exception"]) for each in reported] == ["a fault of ours"]


async def test_those_that_come_together_wake_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, taken, wakes = asyncio.get_running_loop(), list[int](), list[Any]()
    wake = loop.call_soon_threadsafe

    def counted(call: Any) -> None:
        wakes.append(call)
        wake(call)

    def take(_resource: GroupVersionResource, _event: str | None, seen: Object) -> None:
        taken.append(seen["number"])

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    events = _EventQueue(loop, take)
    for number in range(5):
        events.add(JOBS, "ADDED", {"number": number})
    await all_taken(taken, 5)
    events.add(JOBS, "ADDED", {"number": 5})
    await all_taken(taken, 6)
    assert len(wakes) == 2
