"""kstatus, and with it Flux and `kubectl wait`, distinguishes the states."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from kstatus import Answer
from localkube import KubectlError
from tests.support import state_table

Compute = Callable[[Iterable[Mapping[str, Any]]], list[Answer]]
Kubectl = Callable[..., str]

_MANIFEST = """
apiVersion: mogulsync.dev/v1alpha1
kind: IntercomDestination
metadata:
  name: production
spec:
  chartmogul: {apiKeySecretRef: {name: chartmogul}}
  intercom: {oauthSecretRef: {name: intercom}}
  matching: {chartmogulField: Email}
  fields: [{source: MRR}]
"""


def test_every_state_has_the_status_that_the_table_says(compute: Compute) -> None:
    cases = list(state_table.cases())

    answers = compute(case.resource for case in cases)

    computed = {str(case): answer.status for case, answer in zip(cases, answers, strict=True)}
    assert computed == {str(case): case.kstatus for case in cases}


def test_the_order_of_the_conditions_does_not_matter(compute: Compute) -> None:
    cases = [case for case in state_table.cases() if "conditions" in case.resource["status"]]
    turned = [
        {
            **case.resource,
            "status": {**case.resource["status"], "conditions": case.resource["status"]["conditions"][::-1]},
        }
        for case in cases
    ]

    assert [answer.status for answer in compute(turned)] == [case.kstatus for case in cases]


def test_a_stalled_resource_gives_the_reason_that_a_person_needs(compute: Compute) -> None:
    (case,) = [case for case in state_table.cases() if case.state.name == "guard tripped"]

    (answer,) = compute([case.resource])

    assert answer.message == "Stalled is True"


def test_a_resource_is_in_progress_while_no_operator_runs(compute: Compute, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=_MANIFEST)

    (answer,) = compute([_read(kubectl)])

    assert answer.status == "InProgress"


@pytest.mark.parametrize("ready", ["True", "False", "Unknown"])
def test_kubectl_wait_ends_only_when_the_resource_is_ready(ready: str, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=_MANIFEST)
    status = {"observedGeneration": 1, "conditions": [state_table.condition("Ready", ready, "Ready")]}
    kubectl("patch", "icd", "production", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))

    wait = ("wait", "--for=condition=Ready", "icd/production")

    if ready == "True":
        assert "condition met" in kubectl(*wait, "--timeout=120s")
    else:
        with pytest.raises(KubectlError, match="timed out"):
            kubectl(*wait, "--timeout=1s")


def test_a_changed_spec_is_in_progress_until_the_operator_has_seen_it(compute: Compute, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=_MANIFEST)
    status = {"observedGeneration": 1, "conditions": [state_table.condition("Ready", "True", "Ready")]}
    kubectl("patch", "icd", "production", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    before = _read(kubectl)

    kubectl("patch", "icd", "production", "--type=merge", "-p", '{"spec": {"suspend": true}}')

    assert [answer.status for answer in compute([before, _read(kubectl)])] == ["Current", "InProgress"]


def _read(kubectl: Kubectl) -> dict[str, Any]:
    resource: dict[str, Any] = json.loads(kubectl("get", "icd", "production", "-o", "json"))
    return resource
