import asyncio
import math

import pytest

from mogulsync.transport.rate_limiter import Permit, RateLimiter, ResponseHead


class Slots:
    """A policy with so many slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots

    def delay(self, _now: float) -> float:
        return 0.0 if self.slots else math.inf

    def sent(self, now: float) -> Permit:
        self.slots -= 1
        return Permit(now)

    def answered(self, _permit: Permit, _now: float, _answer: ResponseHead | None) -> bool:
        self.slots += 1
        return False


class Opening:
    """A policy that opens at a time."""

    def __init__(self, opens: float) -> None:
        self.opens = opens

    def delay(self, now: float) -> float:
        return max(0.0, self.opens - now)

    def sent(self, now: float) -> Permit:
        return Permit(now)

    def answered(self, _permit: Permit, _now: float, _answer: ResponseHead | None) -> bool:
        """Return False: it opens by time alone."""
        return False


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_requests_pass_in_the_order_they_came() -> None:
    limiter, passed = RateLimiter(Slots(1)), []

    async def go(number: int) -> None:
        permit = await limiter.acquire()
        passed.append(number)
        await asyncio.sleep(0)
        limiter.release(permit, None)

    await asyncio.gather(*[go(number) for number in range(20)])
    assert passed == list(range(20))


async def test_whoever_gives_up_waiting_leaves_the_place_to_the_next() -> None:
    limiter = RateLimiter(Slots(1))
    first = await limiter.acquire()
    quitter, second = asyncio.create_task(limiter.acquire()), asyncio.create_task(limiter.acquire())
    await settle()
    quitter.cancel()
    limiter.release(first, None)
    assert isinstance(await second, Permit)
    with pytest.raises(asyncio.CancelledError):
        await quitter


async def test_a_permit_given_to_one_who_is_just_giving_up_is_not_lost() -> None:
    policy = Slots(1)
    limiter = RateLimiter(policy)
    first = await limiter.acquire()
    quitter = asyncio.create_task(limiter.acquire())
    await settle()
    limiter.release(first, None)
    quitter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await quitter
    assert policy.slots == 1


async def test_permits_are_given_by_themselves_when_the_time_has_come() -> None:
    loop = asyncio.get_running_loop()
    opens = loop.time() + 0.05
    limiter = RateLimiter(Opening(opens), clock=loop.time)
    permits = await asyncio.gather(*[limiter.acquire() for _ in range(3)])
    assert all(permit.sent >= opens for permit in permits)
