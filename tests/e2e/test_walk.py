"""A reader's walk through docs/install.md, word for word, from the image to the empty cluster.

Only the two lines about kind are left out: the cluster is there already, and has its own way to bring an image in.
"""

import os
import re
import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.cluster import ROOT, Cluster, run

pytestmark = pytest.mark.timeout(900)

_IMAGE: Final = "mogulsync:0.2.0"
_NAMESPACES: Final = ("mogulsync", "mogulsync-sandbox")


def _commands(heading: str) -> list[str]:
    """Return the shell blocks of a section of the page."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def _paste(cluster: Cluster, commands: str) -> str:
    said = run("bash", "-euxo", "pipefail", "-c", commands, env=os.environ | {"KUBECONFIG": cluster.kubeconfig})
    print(said)
    return said


@pytest.fixture(scope="module")
def empty_cluster(cluster: Cluster) -> Iterator[Cluster]:
    cluster.remove()
    yield cluster
    for namespace in _NAMESPACES:
        cluster.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s")
    cluster.remove()


def test_five_minutes_with_the_sandbox_take_no_longer(empty_cluster: Cluster) -> None:
    began = time.monotonic()
    image, *steps = _commands("Five minutes with the sandbox")
    _paste(empty_cluster, "\n".join(line for line in image.splitlines() if not line.startswith("kind ")))
    empty_cluster.load_image(_IMAGE)
    said = [_paste(empty_cluster, step) for step in steps]
    assert "sandbox" in said[0]
    assert '"outcome":"Succeeded"' in said[1]
    print(f"\n{time.monotonic() - began:.0f} s")


def test_the_uninstall_leaves_nothing(empty_cluster: Cluster) -> None:
    (commands,) = _commands("Uninstall")
    _paste(empty_cluster, commands)
    names = empty_cluster.kubectl("get", "crd,clusterrole,clusterrolebinding", "--output=name").split()
    assert [name for name in names if "mogulsync" in name] == []
