"""The bare loop: requests that are known beforehand, sent as fast as one client of httpx2 can, by so many tasks.

It knows nothing: it does not pace, match, compare, parse or retry. As a program it replays a file of requests.
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
from bench.sandbox import Sent
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


def replay(before: Sequence[Sent], requests: Sequence[Sent], urls: Urls, *, concurrency: int) -> Replayed:
    """Send the requests from a process of their own, those of `before` first.

    Raises:
        ProgramError: An answer was not a success.
    """
    bases = {"chartmogul": urls.chartmogul, "intercom": urls.intercom}
    parts = [
        [[each.api, each.method, bases[each.api] + each.path, each.body.decode()] for each in part]
        for part in (before, requests)
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(parts, file)
        file.flush()
        ran = run([sys.executable, "-m", "bench.replay", file.name, str(concurrency)], {"PYTHONPATH": _PATH})
    return Replayed(**json.loads(ran.output))


def main() -> None:
    """Replay a file of requests and print the seconds that they took."""
    parts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps(asyncio.run(_replay(parts, int(sys.argv[2])))))


async def _replay(parts: list[list[list[str]]], concurrency: int) -> dict[str, float]:
    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx2.AsyncClient(limits=limits, timeout=30) as client:
        cpu = time.process_time()
        before_seconds, seconds = [await _send(client, part, concurrency) for part in parts]
        return {
            "before_seconds": before_seconds,
            "seconds": seconds,
            "cpu_seconds": time.process_time() - cpu,
        }


async def _send(client: httpx2.AsyncClient, requests: list[list[str]], concurrency: int) -> float:
    basic = base64.b64encode(f"{API_KEY}:".encode()).decode()
    headers = {
        "chartmogul": {"Authorization": f"Basic {basic}"},
        "intercom": {"Authorization": f"Bearer {ACCESS_TOKEN}", "Content-Type": "application/json"},
    }

    async def work(left: Iterator[list[str]]) -> None:
        for api, method, url, body in left:
            answer = await client.request(method, url, content=body or None, headers=headers[api])
            answer.raise_for_status()

    left = iter(requests)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(work(left))
    return time.monotonic() - began


if __name__ == "__main__":
    main()
