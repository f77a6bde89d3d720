"""The same work by published peers: contacts that exist get four attributes, found by their address."""

import json
import subprocess
from collections.abc import Callable, Sequence
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.accounts import account, create, lone_addresses
from bench.peers.environments import NotInstalledError, python_with
from bench.sandbox import Arrival, Limits, Served, served
from bench.tables import Cell, Result, Table
from bench.worker import FEW, manifest, sync
from mogulsync.resource.sources import SOURCES, Source
from mogulsync.sandbox import ACCESS_TOKEN, SandboxAccount

_DRIVERS: Final = Path(__file__).parents[1] / "peers"
_OLDEST: Final = 166
"""Requests in 10 seconds that the oldest workspaces get."""
_TWO_RETRIES: Final = 4
"""python-intercom 5.0.1 begins to count at 2, so that a max_retries of 2 retries nothing."""
_COLUMNS: Final = (
    "program", "set to", "contacts", "updated", "requests", "requests per contact updated", "seconds", "429",
)  # fmt: skip


class _Peer(NamedTuple):
    requirement: str
    driver: str
    setting: str
    options: dict[str, Any]


_DRT: Final = ("drt-core==1.2.1", "drive_drt.py")
_CLIENT: Final = ("python-intercom==5.0.1", "drive_python_intercom.py")
_PEERS: Final = (
    _Peer(*_DRT, "update_only, defaults (10/s)", {"rate": None}),
    _Peer(*_CLIENT, "plain loop, defaults (no retries)", {"retries": 0}),
    _Peer(*_CLIENT, "plain loop, two retries (max_retries 4)", {"retries": _TWO_RETRIES}),
)


def measure(contacts: int, say: Callable[[str], None]) -> Result:
    """Let each program do the work at the lowest limit that Intercom gives."""
    limits = Limits(intercom=_OLDEST)
    table = Table(
        f"Peers, {contacts:,} contacts, {_OLDEST} requests in 10 s",
        _COLUMNS,
        note=(
            "One run each. The peers are given their rows and only addresses that a single contact has; mogulsync "
            "reads ChartMogul too, matches every contact, and counts its start."
        ),
    )
    made = account(contacts)
    say("mogulsync")
    table.rows.extend(_ours(made, limits))
    for source in FEW:
        create(made, _attribute(source), SOURCES[source].data_type)
    rows = [_row(email) for email in islice(lone_addresses(made), contacts)]
    for peer in _PEERS:
        say(f"{peer.requirement}, {peer.setting}")
        table.rows.append(_theirs(peer, made, rows, limits))
    return Result([table])


def _ours(made: SandboxAccount, limits: Limits) -> list[tuple[Cell, ...]]:
    """Run twice: a first run, which writes each contact, and one that finds nothing to do."""
    rows: list[tuple[Cell, ...]] = []
    with served(made, limits) as sandbox:
        for run in ("first run", "second run, nothing changed"):
            seen = len(sandbox.arrivals())
            synced = sync(manifest(sandbox.urls))
            refused = _refused(sandbox.arrivals()[seen:])
            requests = synced.intercom_requests
            each = requests / synced.updated if synced.updated else None
            took = synced.took.seconds
            rows.append(("mogulsync", run, synced.matched_contacts, synced.updated, requests, each, took, refused))
    return rows


def _theirs(peer: _Peer, made: SandboxAccount, rows: list[dict[str, Any]], limits: Limits) -> tuple[Cell, ...]:
    nothing = (None,) * (len(_COLUMNS) - 3)
    try:
        interpreter = python_with(peer.requirement)
    except NotInstalledError as problem:
        return (peer.requirement, f"could not be installed: {problem}", len(rows), *nothing)
    with served(made, limits) as sandbox:
        done = _drive(peer, interpreter, sandbox, rows)
        arrivals = sandbox.arrivals()
    if done is None:
        return (peer.requirement, f"{peer.setting}: its driver failed", len(rows), *nothing)
    each = len(arrivals) / done["updated"] if done["updated"] else None
    updated, seconds = done["updated"], done["seconds"]
    return (
        peer.requirement, peer.setting, len(rows), updated, len(arrivals), each, seconds, _refused(arrivals),
    )  # fmt: skip


def _drive(peer: _Peer, interpreter: Path, sandbox: Served, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    job = {
        "url": sandbox.urls.intercom,
        "token": ACCESS_TOKEN,
        "attributes": [_attribute(source) for source in FEW],
        "rows": rows,
        **peer.options,
    }
    done = subprocess.run(
        [str(interpreter), str(_DRIVERS / peer.driver)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return None
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _refused(arrivals: Sequence[Arrival]) -> int:
    return sum(each.status == HTTPStatus.TOO_MANY_REQUESTS for each in arrivals)


def _attribute(source: Source) -> str:
    return SOURCES[source].attribute


def _row(email: str) -> dict[str, Any]:
    values = {"float": 49.0, "date": 1_700_000_000, "string": "Active"}
    return {"email": email, **{_attribute(source): values[SOURCES[source].data_type] for source in FEW}}
