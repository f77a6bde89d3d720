"""Which destinations a command is about."""

from mogulsync.cluster.access import DESTINATIONS, Access
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.reach import Selection
from mogulsync.kube.objects import NamespacedName, Object


async def chosen(access: Access, selection: Selection) -> list[NamespacedName]:
    """Return the destinations that are meant; those that are given by name are not looked up.

    Raises:
        ClusterProblemError: There are none, or they cannot be listed.
    """
    if selection.names:
        return [NamespacedName(access.namespace, name) for name in dict.fromkeys(selection.names)]
    found = [NamespacedName.of(item) for item in await listed(access, selection)]
    if not found:
        raise ClusterProblemError(f"no destination is selected: there is none {where(access, selection)}")
    return found


async def listed(access: Access, selection: Selection) -> list[Object]:
    """Return the destinations of a namespace, or of all, that the labels select."""
    namespace = None if selection.all_namespaces else access.namespace
    return await access.read_all(DESTINATIONS, namespace, label_selector=selection.label_selector)


def where(access: Access, selection: Selection) -> str:
    """Return where destinations were looked for, in words."""
    labels = f" with labels {selection.label_selector}" if selection.label_selector else ""
    place = "in any namespace" if selection.all_namespaces else f"in namespace {access.namespace}"
    return f"{place}{labels}"
