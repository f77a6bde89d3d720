"""The bare client: the operator's writes, known beforehand, sent as fast as one asyncio loop sends them.

It creates each destination and writes what the operator writes for it, in the same order. It reads nothing, compares
nothing and remembers nothing, but for the one thing without which the last status would be wrong: with `--wait` it
waits for the end of the check's Job before it says that the check has passed.
As a program: `python -m bench_operator.bare KUBECONFIG COUNT [--wait]`; it begins at the first line of its input.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench_operator.api import APPLY, JSON, MERGE_PATCH, Api
from bench_operator.destinations import JOBS, NAMESPACE, PATH, destination, destination_names
from bench_operator.rehearsal import NAME, UID, Rehearsed, Write, rehearse
from mogulsync.resource.names import FIELD_MANAGER, LABEL_DESTINATION

_AT_ONCE: Final = 64
"""Destinations under way; with fewer or many more it was no faster."""


class _Request(NamedTuple):
    """A request in which names and uids are still to be put."""

    method: str
    path: str
    body: str
    content_type: str

    async def send(self, api: Api, name: str, uid: str) -> None:
        """Send it for one destination."""
        body = self.body.replace(NAME, name).replace(UID, uid)
        await api.send(self.method, self.path.replace(NAME, name), body, self.content_type)


class BareClient:
    """Writes everything for so many destinations.

    Args:
        api: Where to.
        rehearsed: What is written for each.
        count: For how many.
        wait: Whether to wait for the checks' Jobs.
    """

    def __init__(self, api: Api, rehearsed: Rehearsed, count: int, *, wait: bool) -> None:
        self._api = api
        self._at_once = [_request(write) for write in rehearsed.at_once]
        self._after_check = [_request(write) for write in rehearsed.after_check]
        self._names = destination_names(count)
        self._checked = {name: asyncio.Event() for name in self._names} if wait else {}

    async def watch_jobs(self) -> None:
        """See Jobs end, until cancelled."""
        async for _, job in self._api.watch(JOBS):
            conditions = (job.get("status") or {}).get("conditions") or ()
            if any(each["type"] == "Complete" and each["status"] == "True" for each in conditions):
                self._checked[job["metadata"]["labels"][LABEL_DESTINATION]].set()

    async def work(self) -> None:
        """Write everything."""
        left = iter(self._names)
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._make(left, group))

    async def _make(self, left: Iterator[str], group: asyncio.TaskGroup) -> None:
        for name in left:
            stored = await self._api.send("POST", PATH, destination(name))
            uid = stored["metadata"]["uid"]
            for request in self._at_once:
                await request.send(self._api, name, uid)
            group.create_task(self._tell(name, uid))

    async def _tell(self, name: str, uid: str) -> None:
        if self._checked:
            await self._checked[name].wait()
        for request in self._after_check:
            await request.send(self._api, name, uid)


async def run(kubeconfig: Path, count: int, *, wait: bool) -> None:
    """Get ready, wait for a line on standard input, do the work, and print what it took."""
    rehearsed = await rehearse()
    async with Api(kubeconfig) as api, asyncio.TaskGroup() as group:
        client = BareClient(api, rehearsed, count, wait=wait)
        watch = group.create_task(client.watch_jobs()) if wait else None
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        before = time.process_time()
        await client.work()
        print(json.dumps({"cpu_seconds": time.process_time() - before}), flush=True)
        if watch:
            watch.cancel()


def _request(write: Write) -> _Request:
    path = write.resource.path(NAMESPACE, write.name, write.subresource) + f"?fieldManager={FIELD_MANAGER}"
    if write.method == "POST":
        content_type = JSON
    elif write.subresource:
        content_type = MERGE_PATCH
    else:
        content_type, path = APPLY, path + "&force=true"
    return _Request(write.method, path, json.dumps(write.body), content_type)


def main() -> None:
    """Run it as a program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--wait", action="store_true")
    given = parser.parse_args()
    asyncio.run(run(given.kubeconfig, given.count, wait=given.wait))


if __name__ == "__main__":
    main()
