"""A process that stands for election and, while it leads, acts: it notes the time every few milliseconds.

Arguments: kubeconfig, namespace, identity, config as JSON, file to note in. The times are of the machine's
monotonic clock, so that those of several candidates compare. A file with the ending `.began` holds when it began to
stand, and one with `.standby` appears as soon as it has seen another lead. SIGTERM ends it as it ends the operator.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

import kubernetes.aio.config

from mogulsync.kube.leaderelection import LeaderElectionConfig, LeaderElector


async def stand(kubeconfig: str, namespace: str, identity: str, config: LeaderElectionConfig, notes: TextIO) -> None:
    """Stand until told to stop."""
    api = await kubernetes.aio.config.new_client_from_config(config_file=kubeconfig)  # type: ignore[no-untyped-call] # the library's
    election = LeaderElector(
        api, namespace=namespace, name="mogulsync", identity=identity, field_manager="mogulsync", config=config
    )

    async def act() -> None:
        while True:
            now = time.monotonic()  # before it is asked: the process may be frozen between the two
            if election.is_leader:
                notes.write(f"{now}\n")
            await asyncio.sleep(0.005)

    async def note_standby() -> None:
        while not election.is_follower:  # noqa: ASYNC110 - an election offers no event for it
            await asyncio.sleep(0.005)
        standby.touch()  # noqa: ASYNC240 - takes no time

    standby = Path(f"{notes.name}.standby")
    async with api:
        Path(f"{notes.name}.began").write_text(f"{time.monotonic()}", encoding="utf-8")  # noqa: ASYNC240 - takes no time
        standing = asyncio.create_task(election.run(act))
        watching = asyncio.create_task(note_standby())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, standing.cancel)
        await asyncio.wait({standing})
        watching.cancel()


def main() -> None:
    """Stand as the arguments say."""
    kubeconfig, namespace, identity, config, notes = sys.argv[1:]
    with Path(notes).open("a", encoding="utf-8", buffering=1) as file:
        asyncio.run(stand(kubeconfig, namespace, identity, LeaderElectionConfig(**json.loads(config)), file))


if __name__ == "__main__":
    main()
