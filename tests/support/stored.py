"""A destination as the API server stores it, and as a reconcile sees it, for tests."""

from copy import deepcopy
from typing import Any

from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.resource.names import API_VERSION, KIND
from mogulsync.resource.spec import Spec

IMAGE = "registry.example/mogulsync:1"
DEFAULT_SPEC: dict[str, Any] = {
    "chartmogul": {
        "apiKeySecretRef": {"name": "chartmogul", "key": "api-key"},
        "url": "https://api.chartmogul.com/v1",
        "dataSources": [],
    },
    "intercom": {
        "oauthSecretRef": {"name": "intercom", "key": "access-token"},
        "region": "US",
        "readPlan": "Auto",
    },
    "matching": {"chartmogulField": "Email", "intercomFields": ["email"], "ambiguous": "UpdateAll"},
    "fields": [{"source": "MRR"}],
    "emptyValues": "Clear",
    "schedule": "0 9 * * *",
    "timeZone": "CET",
    "suspend": False,
    "maxChangedPercent": 100,
    "rateLimitPercent": 80,
    "job": {},
}
"""What the API server makes of a spec that gives only what it must."""


def destination(name: str = "production", *, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """Return an IntercomDestination with the schema's defaults and these parts of the spec."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": "crm",
            "uid": "7f161a6f-a149-424d-895c-f1531a9c2c26",
            "resourceVersion": "212",
            "generation": 3,
            "creationTimestamp": "2026-11-01T00:00:00Z",
            "annotations": annotations or {},
        },
        "spec": deepcopy(DEFAULT_SPEC) | spec,
    }


def parsed(stored: dict[str, Any] | None = None, **spec: Any) -> IntercomDestination:
    """Return a stored destination as a reconcile sees it."""
    return IntercomDestination.parse(stored or destination(**spec))


def spec_of(seen: IntercomDestination) -> Spec:
    """Return a destination's spec with the operator's defaults for `job`."""
    assert seen.spec is not None
    return JobDefaults(image=IMAGE).applied_to(seen.spec)
