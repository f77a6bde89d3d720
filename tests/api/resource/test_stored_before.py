"""What becomes of a destination that an older version took and this one would refuse."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from localkube import ControlPlane, KubectlError
from mogulsync.resource.crd import custom_resource_definition
from tests.support.destinations import attribute, destination

GROUP = "before.mogulsync.dev"
"""A group of this module's own, so that its definition can change while other tests run."""
NAMES = {"plural": "earlierdestinations", "singular": "earlierdestination", "kind": "EarlierDestination"}
"""Names of its own, too: kubectl takes a short name for whichever group the API server lists first."""
KIND = f"{NAMES['plural']}.{GROUP}"
MANIFEST = {"apiVersion": f"{GROUP}/v1alpha1", "kind": NAMES["kind"]}


def definition(*, rules: bool) -> str:
    """Return the CustomResourceDefinition in the group of this module, with or without its rules."""
    manifest = copy.deepcopy(custom_resource_definition())
    manifest["metadata"]["name"] = KIND
    manifest["spec"]["group"] = GROUP
    manifest["spec"]["names"] = NAMES | {"listKind": f"{NAMES['kind']}List"}
    return json.dumps(manifest if rules else without_rules(manifest))


def without_rules(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_rules(part) for key, part in value.items() if key != "x-kubernetes-validations"}
    return [without_rules(part) for part in value] if isinstance(value, list) else value


@pytest.fixture
def stored(plane: ControlPlane, kubectl: Callable[..., str], tmp_path: Path) -> Iterator[str]:
    """The name of a destination that was stored before its field's attribute was refused."""
    manifest = destination(MANIFEST | attribute("external_id"))
    without = tmp_path / "definition.json"
    without.write_text(definition(rules=False))
    plane.apply_crds(without)
    kubectl("create", "-f", "-", stdin=json.dumps(manifest))
    plane.kubectl("apply", "--server-side", "-f", "-", stdin=definition(rules=True))
    yield manifest["metadata"]["name"]
    plane.kubectl("delete", "crd", KIND, "--wait=false")


def wait_for_rules(kubectl: Callable[..., str]) -> None:
    """Wait until the API server serves the definition that was applied last."""
    manifest = destination(MANIFEST | {"metadata.name": "wrong"} | attribute("email"))
    deadline = monotonic() + 120
    while monotonic() < deadline:
        try:
            kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(manifest))
        except KubectlError:
            return
    pytest.fail("the rules are not served")


def test_it_is_reported_on_and_suspended_and_refused_only_where_it_is_wrong(
    stored: str, kubectl: Callable[..., str]
) -> None:
    def patch(change: dict[str, Any], *flags: str) -> str:
        return kubectl("patch", KIND, stored, "--type=merge", "-p", json.dumps(change), *flags)

    wait_for_rules(kubectl)
    patch({"status": {"cronJob": "production"}}, "--subresource=status")
    patch({"metadata": {"annotations": {"mogulsync.dev/sync-requested-at": "now"}}})
    with pytest.raises(KubectlError, match="the attribute external_id is one that contacts are matched by"):
        patch({"spec": {"suspend": True}})
