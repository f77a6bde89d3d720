"""Runs the worker, `mogulsync sync`, as the Job's Pod does."""

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.programs import Took, run
from mogulsync.resource.sources import Source
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Urls

CUSTOM: Final = {
    "crm_id": "string",
    "health_score": "float",
    "seats": "integer",
    "beta_tester": "boolean",
    "renewal_at": "date",
    "channel": "string",
}
"""The sandbox's custom attributes, each with its type."""
FEW: Final = (Source.MRR, Source.ARR, Source.CUSTOMER_STATUS, Source.SUBSCRIBER_SINCE)
"""Sources that every customer's record holds."""
CREDENTIALS: Final = {"CHARTMOGUL_API_KEY": API_KEY, "INTERCOM_ACCESS_TOKEN": ACCESS_TOKEN}
COMMAND: Final = (sys.executable, "-m", "mogulsync", "sync")

_SUCCEEDED: Final = 0
PARTIALLY_SUCCEEDED: Final = 3


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync that has ended."""

    took: Took
    report: dict[str, Any]
    """As docs/destination.md describes it."""

    @property
    def intercom_requests(self) -> int:
        """Attempts, of every kind."""
        return int(self.report["requests"]["intercom"])

    @property
    def chartmogul_requests(self) -> int:
        """Attempts, of every kind."""
        return int(self.report["requests"]["chartmogul"])

    @property
    def throttled(self) -> int:
        """Answers 429."""
        return int(self.report["requests"]["throttled"])

    @property
    def updated(self) -> int:
        """Contacts written."""
        return int(self.report["contacts"]["updated"])

    @property
    def matched_contacts(self) -> int:
        """Contacts that some customer matches."""
        return int(self.report["contacts"]["matched"])


def manifest(urls: Urls, *, sources: Sequence[Source] = FEW, external_id: bool = False, percent: int = 100) -> str:
    """Return a destination in JSON, as the operator gives it to a Job: matched by email, or by external id."""
    matching = (
        {"chartmogulField": "ExternalID", "intercomFields": ["external_id"]}
        if external_id
        else {"chartmogulField": "Email"}
    )
    spec = {
        "chartmogul": {"apiKeySecretRef": {"name": "chartmogul"}, "url": urls.chartmogul},
        "intercom": {"oauthSecretRef": {"name": "intercom"}, "url": urls.intercom},
        "matching": matching,
        "fields": [field for source in sources for field in _fields(source)],
        "rateLimitPercent": percent,
    }
    return json.dumps(
        {
            "apiVersion": "mogulsync.dev/v1alpha1",
            "kind": "IntercomDestination",
            "metadata": {"name": "bench"},
            "spec": spec,
        }
    )


def _fields(source: Source) -> list[dict[str, str]]:
    """Return the fields of one source; every custom attribute has its own."""
    if source is not Source.CUSTOM_ATTRIBUTE:
        return [{"source": str(source)}]
    return [
        {"source": str(source), "key": key, "type": data_type, "attribute": f"chartmogul_{key}"}
        for key, data_type in CUSTOM.items()
    ]


def sync(destination: str, *, may_exit: Sequence[int] = (_SUCCEEDED,)) -> Synced:
    """Run one sync to its end.

    Raises:
        ProgramError: It ended with another exit code than those it may.
    """
    with tempfile.TemporaryDirectory(prefix="mogulsync-bench-") as folder:
        file, report = Path(folder, "destination.json"), Path(folder, "report.json")
        file.write_text(destination, encoding="utf-8")
        arguments = [*COMMAND, "--destination", str(file), "--report", str(report), "--progress", "off"]
        ran = run(arguments, CREDENTIALS, may_exit=may_exit)
        return Synced(ran.took, json.loads(report.read_text(encoding="utf-8")))
