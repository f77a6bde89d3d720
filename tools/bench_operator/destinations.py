"""The destinations that are applied: alike but for their names."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bench_operator.api import Api, Object
from mogulsync.resource.names import API_VERSION, KIND, PLURAL

NAMESPACE: Final = "bench"
PATH: Final = f"/apis/{API_VERSION}/namespaces/{NAMESPACE}/{PLURAL}"
CRONJOBS: Final = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs"
JOBS: Final = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
PODS: Final = f"/api/v1/namespaces/{NAMESPACE}/pods"

_AT_ONCE: Final = 64
"""Requests under way while all are applied."""


def destination_names(count: int) -> list[str]:
    """Return the names of so many destinations."""
    return [f"destination-{number:05}" for number in range(count)]


def schedule(minute: int = 0) -> str:
    """Return a daily schedule that is not due while the benchmark runs: half a day from now."""
    hour = (datetime.now(UTC) + timedelta(hours=12)).hour
    return f"{minute} {hour} * * *"


def destination(name: str) -> Object:
    """Return a destination's manifest."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "chartmogul": {"apiKeySecretRef": {"name": "chartmogul"}},
            "intercom": {"oauthSecretRef": {"name": "intercom"}},
            "matching": {"chartmogulField": "Email"},
            "fields": [{"source": "MRR"}, {"source": "ARR"}, {"source": "CustomerStatus"}, {"source": "Plan"}],
            "schedule": schedule(),
            "timeZone": "UTC",
        },
    }


async def apply_all(api: Api, names: Sequence[str]) -> None:
    """Create all destinations as fast as the API server takes them."""

    async def work(left: Iterator[str]) -> None:
        for name in left:
            await api.send("POST", PATH, destination(name))

    left = iter(names)
    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work(left))
