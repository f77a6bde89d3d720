"""The operator's defaults for spec.job, and what a destination says over them."""

from typing import Any

import pytest

from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.resource.job import Job
from tests.support.stored import parsed


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    spec = parsed(job=above).spec
    assert spec is not None
    defaults = JobDefaults(image="own:1", job=Job.model_validate(below))
    document: dict[str, Any] = defaults.applied_to(spec).job.model_dump(by_alias=True, exclude_none=True)
    return document


@pytest.mark.parametrize(
    ("below", "above", "result"),
    [
        ({}, {}, {"image": "own:1"}),
        ({"image": "default:1"}, {}, {"image": "default:1"}),
        ({"image": "default:1"}, {"image": "other:1"}, {"image": "other:1"}),
        (
            {"priorityClassName": "low", "activeDeadlineSeconds": 5},
            {"priorityClassName": "high"},
            {"priorityClassName": "high", "activeDeadlineSeconds": 5},
        ),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]},
            {"env": [{"name": "B", "value": "2"}, {"name": "C", "value": "2"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "2"}]},
        ),
        (
            {"volumes": [{"name": "ca", "configMap": {"name": "ca"}}]},
            {"volumes": [{"name": "ca", "secret": {"secretName": "ca"}}]},
            {"volumes": [{"name": "ca", "secret": {"secretName": "ca"}}]},
        ),
        (
            {"volumeMounts": [{"name": "ca", "mountPath": "/ca"}]},
            {"volumeMounts": [{"name": "ca", "mountPath": "/other"}, {"name": "tmp", "mountPath": "/ca"}]},
            {"volumeMounts": [{"name": "tmp", "mountPath": "/ca"}, {"name": "ca", "mountPath": "/other"}]},
        ),
        (
            {"podLabels": {"a": "1", "b": "1"}, "podAnnotations": {"a": "1"}, "nodeSelector": {"disk": "fast"}},
            {"podLabels": {"b": "2"}, "nodeSelector": {"zone": "x"}},
            {
                "podLabels": {"a": "1", "b": "2"},
                "podAnnotations": {"a": "1"},
                "nodeSelector": {"disk": "fast", "zone": "x"},
            },
        ),
        (
            {"tolerations": [{"key": "a"}], "resources": {"limits": {"memory": "1Gi"}}},
            {"tolerations": [{"key": "b"}], "resources": {"requests": {"cpu": 1}}},
            {"tolerations": [{"key": "b"}], "resources": {"requests": {"cpu": 1}}},
        ),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": []}, {"tolerations": []}),
    ],
)
def test_a_destinations_key_replaces_the_default_and_maps_and_named_lists_merge(
    below: dict[str, Any], above: dict[str, Any], result: dict[str, Any]
) -> None:
    assert merged(below, above) == {"image": "own:1"} | result
