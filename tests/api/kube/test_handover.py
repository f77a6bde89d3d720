"""Of several processes one acts; another follows when it goes, and never two at once."""

import re
import signal
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from localkube import ControlPlane, Part
from mogulsync.controller.settings import OperatorSettings
from mogulsync.kube.leaderelection import LeaderElectionConfig

Stand = Callable[..., Any]
Kubectl = Callable[..., str]

_REAL = OperatorSettings().leader_election
_QUICK = LeaderElectionConfig(
    lease_duration=3, renew_deadline=2.0, renew_period=0.4, retry_period=0.2, request_timeout=0.6
)
"""Like the real one, for tests of what does not depend on how long it takes."""
_SLACK = 15.0
"""Seconds that a busy machine may be late. What the times come to by themselves: unit/kube/test_leaderelection.py."""


def test_another_leads_after_a_kill(stand: Stand) -> None:
    first = stand("first", config=_REAL)
    first.await_act()
    second = stand("second", config=_REAL)
    third = stand("third", config=_REAL)
    second.await_standby()
    third.await_standby()

    killed = first.signal(signal.SIGKILL)

    taken = min(_first_act((second, third), since=killed))
    assert taken - killed < 15 + _SLACK
    _assert_never_two_at_once([first, second, third])


def test_another_leads_after_a_clean_end_before_the_lease_runs_out(stand: Stand) -> None:
    first = stand("first", config=_REAL)
    first.await_act()
    second = stand("second", config=_REAL)
    second.await_standby()

    ended = first.signal(signal.SIGTERM)

    assert second.await_act() - ended < _REAL.lease_duration
    assert first.process.wait(60) == 0
    _assert_never_two_at_once([first, second])


def test_a_first_candidate_leads_at_once(stand: Stand) -> None:
    first = stand("first", config=_REAL)

    assert first.await_act() - first.began() < 5 + _SLACK


def test_a_process_that_was_frozen_does_not_act_when_it_goes_on(stand: Stand) -> None:
    first = stand("first", config=_QUICK)
    first.await_act()
    second = stand("second", config=_QUICK)
    frozen = first.signal(signal.SIGSTOP)
    taken = second.await_act()

    thawed = first.signal(signal.SIGCONT)
    time.sleep(1.5)

    assert taken > frozen
    assert [act for act in first.acts() if act > thawed] == []
    _assert_never_two_at_once([first, second])


def test_a_leader_stops_in_time_when_the_api_server_freezes_and_one_leads_again_after(
    plane: ControlPlane, stand: Stand
) -> None:
    candidates = [stand(identity, config=_QUICK) for identity in ("first", "second")]
    _first_act(candidates, since=0)

    plane.pause(Part.API_SERVER)
    frozen = time.monotonic()
    try:
        time.sleep(_QUICK.lease_duration + 1)
        last = max(act for candidate in candidates for act in candidate.acts())
    finally:
        plane.resume(Part.API_SERVER)
    resumed = time.monotonic()

    # The last renewal may have left right before the freeze.
    assert last - frozen < _QUICK.renew_deadline + 0.2
    assert _first_act(candidates, since=resumed)
    _assert_never_two_at_once(candidates)


def test_a_leader_survives_a_restart_of_the_api_server(plane: ControlPlane, stand: Stand) -> None:
    candidates = [stand(identity, config=_REAL) for identity in ("first", "second")]
    _first_act(candidates, since=0)

    plane.restart(Part.API_SERVER)
    restarted = time.monotonic()

    assert _first_act(candidates, since=restarted)
    _assert_never_two_at_once(candidates)


def test_never_two_act_while_leaders_come_and_go(stand: Stand) -> None:
    candidates = [stand(f"candidate-{number}", config=_QUICK) for number in range(3)]
    since = 0.0
    for number, how in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)):
        since = min(_first_act([each for each in candidates if each.process.poll() is None], since=since))
        leader = next(each for each in candidates if since in each.acts())
        since = leader.signal(how)
        leader.process.wait(60)
        candidates.append(stand(f"newcomer-{number}", config=_QUICK))

    assert _first_act([each for each in candidates if each.process.poll() is None], since=since)
    _assert_never_two_at_once(candidates)


def test_the_permissions_of_the_chart_are_enough(
    plane: ControlPlane, stand: Stand, kubectl: Kubectl, namespace: str
) -> None:
    rules = [
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": ["mogulsync"],
            "verbs": ["get", "update"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
    ]
    assert _chart_lease_rules() == rules
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "lease"}, "rules": rules}
    kubectl("create", "-f", "-", stdin=yaml.safe_dump(role))
    kubectl("create", "rolebinding", "lease", "--role=lease", f"--serviceaccount={namespace}:default")

    candidate = stand("first", config=_QUICK, kubeconfig=plane.service_account_kubeconfig(namespace, "default"))

    first = candidate.await_act()
    candidate.await_act(since=first + _QUICK.lease_duration)


def _chart_lease_rules() -> Any:
    template = Path(__file__).parents[3].joinpath("charts", "mogulsync", "templates", "leader-election.yaml")
    role = template.read_text("utf-8").partition("---")[0].partition("rules:")[2]
    return yaml.safe_load("rules:" + re.sub(r"\{\{.*?\}\}", "mogulsync", role))["rules"]


def _first_act(candidates: Sequence[Any], *, since: float, within: float = 120) -> list[float]:
    """Return each one's first act after `since`, as soon as there is any; fail when there is none."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        acts = [next((act for act in candidate.acts() if act > since), None) for candidate in candidates]
        if found := [act for act in acts if act is not None]:
            return found
        time.sleep(0.02)
    pytest.fail(f"nobody acted within {within} s")


def _assert_never_two_at_once(candidates: Sequence[Any]) -> None:
    """Two that act at once do so every few milliseconds in turn; one that was followed has to stay quiet."""
    acts = sorted((act, candidate.identity) for candidate in candidates for act in candidate.acts())
    for (_, before), (taken, after) in pairwise(acts):
        if before != after:
            beside = [act for act, identity in acts if identity == before and taken < act < taken + 0.5]
            assert not beside, f"{before} acted {beside[0] - taken:.3f} s after {after} had begun"
