import asyncio
import math

import pytest

from mogulsync.transport.gate import Answer, Gate, Ticket


class Slots:
    """A pacer with so many slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots

    def delay(self, _now: float) -> float:
        return 0.0 if self.slots else math.inf

    def sent(self, now: float) -> Ticket:
        self.slots -= 1
        return Ticket(now)

    def answered(self, _ticket: Ticket, _now: float, _answer: Answer | None) -> None:
        self.slots += 1


class Opening:
    """A pacer that opens at a time."""

    def __init__(self, opens: float) -> None:
        self.opens = opens

    def delay(self, now: float) -> float:
        return max(0.0, self.opens - now)

    def sent(self, now: float) -> Ticket:
        return Ticket(now)

    def answered(self, _ticket: Ticket, _now: float, _answer: Answer | None) -> None:
        """Do nothing: it opens by time alone."""


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_requests_pass_in_the_order_they_came() -> None:
    gate, passed = Gate(Slots(1)), []

    async def go(number: int) -> None:
        ticket = await gate.enter()
        passed.append(number)
        await asyncio.sleep(0)
        gate.leave(ticket, None)

    await asyncio.gather(*[go(number) for number in range(20)])
    assert passed == list(range(20))


async def test_whoever_gives_up_waiting_leaves_the_place_to_the_next() -> None:
    gate = Gate(Slots(1))
    first = await gate.enter()
    quitter, second = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
    await settle()
    quitter.cancel()
    gate.leave(first, None)
    assert isinstance(await second, Ticket)
    with pytest.raises(asyncio.CancelledError):
        await quitter


async def test_a_ticket_given_to_one_who_is_just_giving_up_is_not_lost() -> None:
    pacer = Slots(1)
    gate = Gate(pacer)
    first = await gate.enter()
    quitter = asyncio.create_task(gate.enter())
    await settle()
    gate.leave(first, None)
    quitter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await quitter
    assert pacer.slots == 1


async def test_the_gate_opens_by_itself_when_the_time_has_come() -> None:
    loop = asyncio.get_running_loop()
    opens = loop.time() + 0.05
    gate = Gate(Opening(opens), clock=loop.time)
    tickets = await asyncio.gather(*[gate.enter() for _ in range(3)])
    assert all(ticket.sent >= opens for ticket in tickets)
