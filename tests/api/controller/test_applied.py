"""The CronJob that the API server makes of what was applied counts as applied, in whatever words spec.job has it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mogulsync.controller.cronjob import build_cronjob
from mogulsync.kube.objects import covers
from tests.support.destinations import ACCEPTED, Accepted, destination
from tests.support.stored import parsed, spec_of

_ODD: dict[str, Any] = {
    "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": 1, "memory": "1.5e9"}},
    "env": [{"name": "EMPTY", "value": ""}],
    "volumes": [
        {"name": "a", "emptyDir": {"sizeLimit": "1024Mi", "medium": ""}},
        {"name": "b", "configMap": {"name": "b", "optional": None, "items": []}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "c", "readOnly": False}},
        {"name": "d", "projected": {"sources": [{}]}},
        {
            "name": "e",
            "downwardAPI": {
                "items": [
                    {
                        "path": "cpu",
                        "resourceFieldRef": {"resource": "limits.cpu", "containerName": "sync", "divisor": "1000m"},
                    }
                ]
            },
        },
    ],
    "volumeMounts": [{"name": "a", "mountPath": "/a", "readOnly": False, "subPath": ""}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": []}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "podSecurityContext": {"supplementalGroups": [], "fsGroup": 0},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": []}
    ],
}
ROWS = (
    *(row for row in ACCEPTED if "spec.job" in row.changes and row.case != "null for what has a default"),
    Accepted("values that the API server writes differently", {"spec.job": _ODD}),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.case)
def test_what_the_api_server_makes_of_it_is_what_was_desired(
    row: Accepted, kubectl: Callable[..., str], namespace: str
) -> None:
    manifest = destination({"metadata.namespace": namespace, **row.changes})
    seen = parsed(json.loads(kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(manifest))))
    desired = build_cronjob(seen, spec_of(seen))
    live = json.loads(kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(desired)))
    assert covers(live, desired)
