"""The bare loop: requests that are known beforehand, sent as fast as one client of httpx2 can, by so many tasks.

It does not pace, match, compare, parse or retry. In one thing it may be held to what every client has to do: a page of
a list can be asked for only when the one before has given its cursor. As a program it replays a file of requests.
"""

import asyncio
import base64
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from bench.programs import run
from bench.sandbox import Arrival, Sent
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Urls

_PATH: Final = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay that has ended, without the start of its process."""

    before_seconds: float
    """For the requests that came before."""
    seconds: float
    """For the requests themselves."""
    cpu_seconds: float
    """For both."""


def replay(
    before: Sequence[Sent], requests: Sequence[Sent], urls: Urls, *, concurrency: int, pages_in_turn: bool
) -> Replayed:
    """Send the requests from a process of their own, those of `before` first.

    Args:
        before: Sent first.
        requests: Sent then, and timed apart.
        urls: Where to.
        concurrency: Requests at once.
        pages_in_turn: Whether each page of contacts waits for the one before, while the other requests go on.

    Raises:
        ProgramError: An answer was not a success.
    """
    bases = {"chartmogul": urls.chartmogul, "intercom": urls.intercom}
    chained = [each for each in requests if pages_in_turn and is_page(each)]
    free = [each for each in requests if not (pages_in_turn and is_page(each))]
    parts = [
        [[each.api, each.method, bases[each.api] + each.path, each.body.decode()] for each in part]
        for part in (before, chained, free)
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(parts, file)
        file.flush()
        ran = run([sys.executable, "-m", "bench.replay", file.name, str(concurrency)], {"PYTHONPATH": _PATH})
    return Replayed(**json.loads(ran.output))


def is_page(request: Arrival | Sent) -> bool:
    """Return whether it asks for a page of contacts."""
    return request.api == "intercom" and request.path.partition("?")[0] in {"/contacts", "/contacts/search"}


def main() -> None:
    """Replay a file of requests and print the seconds that they took."""
    parts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps(asyncio.run(_replay(parts, int(sys.argv[2])))))


async def _replay(parts: list[list[list[str]]], concurrency: int) -> dict[str, float]:
    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx2.AsyncClient(limits=limits, timeout=30) as client:
        cpu = time.process_time()
        before, chained, free = parts
        before_seconds = await _send(client, [], before, concurrency)
        seconds = await _send(client, chained, free, concurrency)
        return {
            "before_seconds": before_seconds,
            "seconds": seconds,
            "cpu_seconds": time.process_time() - cpu,
        }


async def _send(client: httpx2.AsyncClient, chained: list[list[str]], free: list[list[str]], concurrency: int) -> float:
    basic = base64.b64encode(f"{API_KEY}:".encode()).decode()
    headers = {
        "chartmogul": {"Authorization": f"Basic {basic}"},
        "intercom": {"Authorization": f"Bearer {ACCESS_TOKEN}", "Content-Type": "application/json"},
    }

    async def work(left: Iterator[list[str]]) -> None:
        for api, method, url, body in left:
            answer = await client.request(method, url, content=body or None, headers=headers[api])
            answer.raise_for_status()

    left = iter(free)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        if chained:
            group.create_task(work(iter(chained)))
        for _ in range(concurrency - bool(chained)):
            group.create_task(work(left))
    return time.monotonic() - began


if __name__ == "__main__":
    main()
