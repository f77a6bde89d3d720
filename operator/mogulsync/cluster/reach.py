"""How a person names a cluster, and a namespace in it. Imports nothing that is slow."""

from typing import NamedTuple


class Reach(NamedTuple):
    """How to reach the cluster, and where in it; None: the kubeconfig's."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None


class Selection(NamedTuple):
    """Which destinations are meant: by name, or all that a filter lets through."""

    names: tuple[str, ...] = ()
    all_namespaces: bool = False
    label_selector: str = ""
