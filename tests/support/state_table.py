"""The states of an IntercomDestination that a person must be able to tell apart, as one table.

Each row says which conditions a state shows and what kstatus (`kubectl wait`, Flux) and Argo CD make
of them. The operator's tests hold its conditions to the rows; those of `argocd/health.lua` and of
kstatus run the rows' resources through the real programs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mogulsync.resource import names

Verdict = Literal["True", "False", "Unknown"]
GENERATION = 3
"""metadata.generation of every row's resource."""

AS_BEFORE: tuple[Verdict, ...] = ("True", "False", "Unknown")
"""The state leaves the condition as it was, whatever that was."""

Kstatus = Literal["Current", "InProgress", "Failed"]
ArgoHealth = Literal["Healthy", "Progressing", "Degraded", "Suspended"]


@dataclass(frozen=True, kw_only=True)
class State:
    """One row: what the state shows, and what others make of it."""

    name: str
    ready: tuple[Verdict, ...] = ()
    """What `Ready` may be; none: the condition is absent."""
    ready_reason: str = "Ready"
    synced: tuple[Verdict, ...] = ()
    """What `Synced` may be; none: the condition is absent."""
    synced_reason: str = "Succeeded"
    """`Synced`'s reason where the state settles what it is."""
    stalled: bool = False
    overdue: bool = False
    reconciling: bool = False
    suspended: bool = False
    """spec.suspend."""
    observed_generation: int = GENERATION
    kstatus: tuple[Kstatus, ...]
    """What kstatus computes; for `Ready` as before: for True, False and Unknown in this order."""
    argo: ArgoHealth

    def __str__(self) -> str:
        return self.name


STATES: tuple[State, ...] = (
    State(name="just created, operator absent", observed_generation=-1, kstatus=("InProgress",), argo="Progressing"),
    State(
        name="check under way",
        ready=("Unknown",),
        ready_reason="Checking",
        synced=("Unknown",),
        synced_reason="NoRunYet",
        reconciling=True,
        kstatus=("InProgress",),
        argo="Progressing",
    ),
    State(
        name="ready, no run yet",
        ready=("True",),
        synced=("Unknown",),
        synced_reason="NoRunYet",
        kstatus=("Current",),
        argo="Healthy",
    ),
    # Nothing but Synced speaks of runs, so one under way after a failed one still shows the failed one.
    State(name="run under way", ready=("True",), synced=("True", "Unknown"), kstatus=("Current",), argo="Healthy"),
    State(
        name="run under way after a failed one",
        ready=("True",),
        synced=("False",),
        synced_reason="IntercomUnavailable",
        kstatus=("Current",),
        argo="Degraded",
    ),
    State(name="last run succeeded", ready=("True",), synced=("True",), kstatus=("Current",), argo="Healthy"),
    State(
        name="last run partial",
        ready=("True",),
        synced=("False",),
        synced_reason="PartiallySucceeded",
        kstatus=("Current",),
        argo="Degraded",
    ),
    State(
        name="last run failed, retry may help",
        ready=("True",),
        synced=("False",),
        synced_reason="IntercomUnavailable",
        kstatus=("Current",),
        argo="Degraded",
    ),
    State(
        name="guard tripped",
        ready=("False",),
        ready_reason="GuardTripped",
        synced=("False",),
        synced_reason="GuardTripped",
        stalled=True,
        kstatus=("Failed",),
        argo="Degraded",
    ),
    State(
        name="attributes unusable",
        ready=("False",),
        ready_reason="AttributesNotUsable",
        synced=("False",),
        synced_reason="AttributesNotUsable",
        stalled=True,
        kstatus=("Failed",),
        argo="Degraded",
    ),
    State(
        name="credentials rejected",
        ready=("False",),
        ready_reason="CredentialsRejected",
        synced=AS_BEFORE,
        stalled=True,
        kstatus=("Failed",),
        argo="Degraded",
    ),
    State(
        name="Secret missing",
        ready=("False",),
        ready_reason="SecretNotFound",
        synced=AS_BEFORE,
        kstatus=("InProgress",),
        argo="Progressing",
    ),
    State(
        name="invalid schedule",
        ready=("False",),
        ready_reason="InvalidSchedule",
        synced=AS_BEFORE,
        stalled=True,
        kstatus=("Failed",),
        argo="Degraded",
    ),
    State(
        name="name conflict",
        ready=("False",),
        ready_reason="NameConflict",
        synced=AS_BEFORE,
        stalled=True,
        kstatus=("Failed",),
        argo="Degraded",
    ),
    State(
        name="denied by a policy",
        ready=("False",),
        ready_reason="Refused",
        synced=AS_BEFORE,
        stalled=True,
        kstatus=("Failed",),
        argo="Degraded",
    ),
    State(
        name="webhook away",
        ready=("Unknown",),
        ready_reason="RequestFailed",
        synced=AS_BEFORE,
        reconciling=True,
        kstatus=("InProgress",),
        argo="Progressing",
    ),
    State(
        name="suspended",
        ready=("True",),
        ready_reason="Suspended",
        synced=AS_BEFORE,
        suspended=True,
        kstatus=("Current",),
        argo="Suspended",
    ),
    State(
        name="overdue",
        ready=AS_BEFORE,
        synced=AS_BEFORE,
        overdue=True,
        kstatus=("Current", "InProgress", "InProgress"),
        argo="Degraded",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One resource of a state, for a program that judges resources."""

    state: State
    ready: Verdict | None
    synced: Verdict | None
    resource: dict[str, Any]
    kstatus: Kstatus

    def __str__(self) -> str:
        return f"{self.state.name} (Ready {self.ready or '-'}, Synced {self.synced or '-'})"


def cases() -> Iterator[Case]:
    """Yield each state's resources: one for each combination of values that its row allows."""
    for state in STATES:
        for index, ready in enumerate(state.ready or (None,)):
            for synced in state.synced or (None,):
                yield Case(
                    state=state,
                    ready=ready,
                    synced=synced,
                    resource=_resource(state, ready, synced),
                    kstatus=state.kstatus[index % len(state.kstatus)],
                )


def condition(type_name: str, status: str, reason: str) -> dict[str, Any]:
    """Return a condition as the operator writes it."""
    return {
        "type": type_name,
        "status": status,
        "observedGeneration": GENERATION,
        "lastTransitionTime": "2026-11-24T09:00:04Z",
        "reason": reason,
        "message": f"{type_name} is {status}",
    }


def _resource(state: State, ready: Verdict | None, synced: Verdict | None) -> dict[str, Any]:
    conditions = []
    if ready:
        settled = len(state.ready) == 1
        reason = (
            state.ready_reason if settled else {"True": "Ready", "Unknown": "Checking"}.get(ready, "SecretNotFound")
        )
        conditions.append(condition("Ready", ready, reason))
    if synced:
        settled = len(state.synced) == 1
        reason = (
            state.synced_reason if settled else {"True": "Succeeded", "Unknown": "NoRunYet"}.get(synced, "Interrupted")
        )
        conditions.append(condition("Synced", synced, reason))
    if state.overdue:
        conditions.append(condition("Overdue", "True", "RunMissed"))
    if state.reconciling:
        conditions.append(condition("Reconciling", "True", state.ready_reason))
    if state.stalled:
        conditions.append(condition("Stalled", "True", state.ready_reason))
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": "production", "namespace": "crm", "generation": GENERATION},
        "spec": {"suspend": state.suspended, "schedule": "0 9 * * *", "timeZone": "CET"},
        "status": {"observedGeneration": state.observed_generation}
        | ({"conditions": conditions} if conditions else {}),
    }
