"""Several streams read at the same time as one."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

_T = TypeVar("_T")


async def merged(
    following: Callable[[], AsyncGenerator[_T] | None], *, at_most: Callable[[], int]
) -> AsyncGenerator[_T]:
    """Yield what the streams yield, as it comes; each is read one item ahead at most.

    What came at the same time is yielded in the order in which it was asked for.

    Args:
        following: Called when there is room for one more stream. It returns None when there is none for now, and is
            asked again when one has ended; all is read when it has none while none is open.
        at_most: How many may be open now, at least 1. Those that are open are read to their ends all the same.

    Raises:
        BaseException: What a stream raised; all others are closed then.
    """
    awaited: dict[asyncio.Future[_T], AsyncGenerator[_T]] = {}
    try:
        while True:
            while len(awaited) < at_most() and (stream := following()) is not None:
                awaited[asyncio.ensure_future(anext(stream))] = stream
            if not awaited:
                return
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            for item in [item for item in awaited if item.done()]:
                stream = awaited.pop(item)
                if isinstance(item.exception(), StopAsyncIteration):
                    continue
                found = item.result()
                awaited[asyncio.ensure_future(anext(stream))] = stream
                yield found
    finally:
        for item in awaited:
            item.cancel()
        await asyncio.gather(*awaited, return_exceptions=True)
        for stream in awaited.values():
            await stream.aclose()
