"""Who may claim the lease, and where it lies."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.aio.client import V1Lease, V1LeaseSpec

from mogulsync.controller.settings import OperatorSettings
from mogulsync.kube.leaderelection import (
    AlwaysLeader,
    ObservedLease,
    lease_namespace,
    may_acquire,
    new_identity,
    observe,
)

_RENEWED = datetime(2026, 11, 24, 9, tzinfo=UTC)


def _lease(holder: str | None, *, renewed: datetime | None = _RENEWED, duration: int | None = 10) -> V1Lease:
    return V1Lease(spec=V1LeaseSpec(holder_identity=holder, renew_time=renewed, lease_duration_seconds=duration))


def _see(lease: V1Lease | None, *, at: float, before: ObservedLease | None = None) -> ObservedLease:
    return observe(before, lease, now=at, default_duration=10)


@pytest.mark.parametrize(
    "lease",
    [None, V1Lease(), V1Lease(spec=V1LeaseSpec()), _lease(""), _lease(None), _lease("us")],
    ids=["no lease", "no spec", "empty spec", "given back", "no holder", "our own"],
)
def test_a_lease_that_nobody_else_holds_can_be_claimed_at_once(lease: V1Lease | None) -> None:
    assert may_acquire(_see(lease, at=100), "us", now=100)


@pytest.mark.parametrize(("now", "expected"), [(100.0, False), (109.9, False), (110.0, True)])
def test_another_holders_lease_can_be_claimed_when_it_ran_out(now: float, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert may_acquire(_see(_lease("them"), at=100), "us", now=now) is expected


def test_another_leads_within_15_seconds_of_a_kill_and_2_of_a_clean_end() -> None:
    times = OperatorSettings().leader_election
    look = 1.2 * times.retry_period  # spread by a fifth
    # The last renewal may be seen a look late, and the lease's end another.
    assert times.lease_duration + 2 * look < 15
    assert look < 2


def test_times_written_elsewhere_do_not_matter() -> None:
    for skew in (timedelta(days=-1), timedelta(days=1)):
        observed = _see(_lease("them", renewed=_RENEWED + skew), at=100)

        assert not may_acquire(observed, "us", now=109.9)
        assert may_acquire(observed, "us", now=110)


def test_a_renewal_starts_the_wait_anew_and_another_look_does_not() -> None:
    first = _see(_lease("them"), at=100)
    again = _see(_lease("them"), at=105, before=first)
    renewed = _see(_lease("them", renewed=_RENEWED + timedelta(seconds=2)), at=105, before=first)

    assert may_acquire(again, "us", now=110)
    assert not may_acquire(renewed, "us", now=114.9)


def test_the_holders_own_duration_counts() -> None:
    assert not may_acquire(_see(_lease("them", duration=60), at=100), "us", now=159)


def test_a_deleted_lease_waits_for_the_holder_that_it_last_showed() -> None:
    deleted = _see(None, at=105, before=_see(_lease("them"), at=100))

    assert not may_acquire(deleted, "us", now=109.9)
    assert may_acquire(deleted, "us", now=110)


@given(steps=st.lists(st.tuples(st.floats(0.1, 30), st.sampled_from(["renewed", "same", "deleted"])), max_size=20))
def test_a_lease_is_never_claimable_within_its_duration_of_the_last_sign_of_life(
    steps: list[tuple[float, str]],
) -> None:
    now = alive = 100.0
    renewals = 0
    observed = _see(_lease("them"), at=now)
    for pause, event in steps:
        now += pause
        if event == "renewed":
            alive, renewals = now, renewals + 1
        lease = None if event == "deleted" else _lease("them", renewed=_RENEWED + timedelta(seconds=renewals))
        observed = _see(lease, at=now, before=observed)

        assert may_acquire(observed, "us", now=now) is (now >= alive + 10)


def test_a_leader_stops_before_the_others_may_start() -> None:
    config = OperatorSettings().leader_election

    assert config.renew_deadline < config.lease_duration
    handover = config.lease_duration + 2.4 * config.retry_period + config.request_timeout
    assert handover < 15, "hand-over after a kill"


@pytest.mark.parametrize(
    "wrong",
    [
        {"renew_deadline": 10.0},
        {"renew_period": 8.0},
        {"retry_period": 0.0},
        {"retry_period": 3.0},
        {"request_timeout": 7.0},
    ],
    ids=repr,
)
def test_a_config_that_could_make_two_leaders_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a lease needs"):
        dataclasses.replace(OperatorSettings().leader_election, **wrong)  # type: ignore[arg-type] # lease_duration, the one whole number, is not in the table


def test_no_two_processes_have_the_same_identity() -> None:
    assert new_identity() != new_identity()


def test_pod_namespace_comes_first(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("from-account\n")

    assert lease_namespace({"POD_NAMESPACE": "given"}, namespace_file=tmp_path / "namespace") == "given"


def test_the_service_accounts_namespace_comes_next(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("from-account\n")

    assert lease_namespace({}, namespace_file=tmp_path / "namespace") == "from-account"


@pytest.mark.parametrize(
    ("context", "expected"), [("{cluster: c, namespace: crm}", "crm"), ("{cluster: c}", "default")]
)
def test_outside_a_cluster_the_kubeconfigs_namespace_counts(tmp_path: Path, context: str, expected: str) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        f"current-context: x\ncontexts: [{{name: x, context: {context}}}]\n"
        "clusters: [{name: c, cluster: {server: http://localhost:1}}]\nusers: []\n"
    )

    found = lease_namespace({"KUBECONFIG": str(kubeconfig)}, namespace_file=tmp_path / "absent")

    assert found == expected


def test_without_any_hint_it_is_the_default_namespace(tmp_path: Path) -> None:
    found = lease_namespace({"KUBECONFIG": str(tmp_path / "absent")}, namespace_file=tmp_path / "absent")

    assert found == "default"


async def test_without_an_election_work_runs_once_and_its_result_comes_back() -> None:
    election = AlwaysLeader()

    async def work() -> str:
        assert election.is_leader
        return "done"

    assert await election.run(work) == "done"
