"""Prints `argocd/argocd-cm.yaml`: the health check and the actions as Argo CD's ConfigMap takes them."""

from pathlib import Path
from textwrap import indent
from typing import Final

from mogulsync.resource.names import GROUP, KIND

_FOLDER: Final = Path(__file__).parents[1] / "argocd"
_ORDER: Final = ("sync-now", "check", "preview", "suspend", "resume")
_HEADER: Final = """\
# Generated from health.lua and actions/ by `make generate`; do not edit. Argo CD takes it up without a restart:
#
#   kubectl --namespace argocd patch configmap argocd-cm --patch-file argocd/argocd-cm.yaml
"""


def config() -> str:
    """Return the data of the ConfigMap `argocd-cm`, as YAML for `kubectl patch`."""
    health = indent(_read("health.lua"), "    ")
    discovery = indent(_read("actions/discovery.lua"), "      ")
    actions = "".join(
        f"      - name: {name}\n        action.lua: |\n{indent(_read(f'actions/{name}/action.lua'), '          ')}"
        for name in _ORDER
    )
    return (
        f"{_HEADER}data:\n"
        f"  resource.customizations.health.{GROUP}_{KIND}: |\n{health}"
        f"  resource.customizations.actions.{GROUP}_{KIND}: |\n"
        f"    discovery.lua: |\n{discovery}    definitions:\n{actions}"
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    print(config(), end="")
