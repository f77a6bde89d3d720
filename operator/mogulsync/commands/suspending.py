"""What `suspend` and `resume` share: set spec.suspend, and say what that means."""

import click

from mogulsync.cluster.access import DESTINATIONS, Access, open_access
from mogulsync.cluster.choosing import chosen
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.ownership import declares, gitops_owner
from mogulsync.cluster.reach import Reach, Selection
from mogulsync.kube.objects import NamespacedName, Object

_DONE = {True: "suspended", False: "resumed"}
_ALREADY = {True: "is suspended already", False: "is not suspended"}


async def set_suspend(reach: Reach, selection: Selection, *, suspend: bool) -> int:
    """Set it for all that are selected; return the exit code."""
    problems = 0
    async with open_access(reach) as access:
        names = await chosen(access, selection)
        for name in names:
            label = str(name) if selection.all_namespaces else name.name
            try:
                click.echo("\n  ".join(await _set(access, name, label, suspend=suspend)))
            except ClusterProblemError as error:
                problems += 1
                click.echo(f"Error: {label}: {error}" if len(names) > 1 else f"Error: {error}", err=True)
    return 1 if problems else 0


async def _set(access: Access, name: NamespacedName, label: str, *, suspend: bool) -> list[str]:
    """Return what was done, and what that means."""
    before = await access.read_by_dry_run(DESTINATIONS, *name)
    if bool(before["spec"].get("suspend")) is suspend:
        return [f"{label} {_ALREADY[suspend]}", *gitops_words(before, suspend=suspend)]
    after = await access.merge(DESTINATIONS, *name, {"spec": {"suspend": suspend}})
    meaning = (
        "no run starts by schedule; sync-now still works"
        if suspend
        else f"runs start by schedule again: {_when(after)}"
    )
    return [f"{label} {_DONE[suspend]}: {meaning}", *gitops_words(before, suspend=suspend)]


def _when(destination: Object) -> str:
    spec = destination["spec"]
    return f"{spec.get('schedule', '0 9 * * *')} ({spec.get('timeZone', 'CET')})"


def gitops_words(before: Object, *, suspend: bool) -> list[str]:
    """Return what to know where a GitOps tool applies the destination."""
    owner = gitops_owner(before)
    if owner is None:
        return []
    wanted = str(suspend).lower()
    if declares(owner, before, "spec", "suspend"):
        return [
            (
                f"{owner.tool} applies it, and its manifest sets spec.suspend: it will set that back at its next "
                f"reconcile. Set spec.suspend: {wanted} in Git."
            )
        ]
    return [
        (
            f"{owner.tool} applies it from Git, where spec.suspend is not set: this stays until somebody sets it "
            f"there, and is not recorded. To keep it, set spec.suspend: {wanted} in Git."
        )
    ]
