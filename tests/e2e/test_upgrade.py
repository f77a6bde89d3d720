"""From 0.1.0 to this version, back and forth again, with a destination that lives through it all.

Image and chart of 0.1.0 are built from its commit, which a shallow clone does not have.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.e2e.cluster import IMAGE, OPERATOR_NAMESPACE, ROOT, Cluster, eventually, far_schedule, packed_chart, run

pytestmark = pytest.mark.timeout(900)

_COMMIT: Final = "a27f832"
"""The last one of 0.1.0."""
_IMAGE: Final = "mogulsync:e2e-0.1.0"
_NAME: Final = "sandbox"


@dataclass(frozen=True)
class Seen:
    """What an upgrade must leave alone."""

    cronjob: str
    """Its uid."""
    runs: frozenset[str]
    """The Jobs of runs, checks apart."""
    report: dict[str, Any]
    history: list[dict[str, Any]]


def _destination(cluster: Cluster) -> dict[str, Any]:
    return cluster.get("icd", _NAME)


def _see(cluster: Cluster) -> Seen:
    status = _destination(cluster)["status"]
    return Seen(
        cronjob=cluster.get("cronjob", _NAME)["metadata"]["uid"],
        runs=frozenset(
            job["metadata"]["name"]
            for job in cluster.items("jobs", f"--selector=mogulsync.dev/destination={_NAME}")
            if job["metadata"]["labels"]["mogulsync.dev/trigger"] != "check"
        ),
        report=status["lastSync"],
        history=status["history"],
    )


def _run_now(cluster: Cluster) -> dict[str, Any]:
    """Ask for a run and return its report."""
    before = _destination(cluster)["status"].get("lastSync", {}).get("job")
    value = datetime.now(UTC).isoformat()
    cluster.kubectl("annotate", "icd", _NAME, f"mogulsync.dev/sync-requested-at={value}", "--overwrite")
    found = eventually(
        lambda: _destination(cluster)["status"].get("lastSync", {}), lambda now: now.get("job") != before, within=90
    )
    return dict(found)


def _settle(cluster: Cluster, image: str) -> None:
    """Wait until the operator that runs the image leads and has applied its CronJob."""
    cluster.kubectl(
        "rollout", "status", "deployment/mogulsync", "--namespace", OPERATOR_NAMESPACE, "--timeout=120s"
    )  # fmt: skip

    def images() -> set[str]:
        template = cluster.get("cronjob", _NAME)["spec"]["jobTemplate"]["spec"]["template"]
        return {container["image"] for container in template["spec"]["containers"]}

    eventually(images, {image}.__eq__, within=90)
    cluster.kubectl("wait", "--for=condition=Ready", f"icd/{_NAME}", "--timeout=90s")


@dataclass(frozen=True)
class Older:
    """What 0.1.0 brought along."""

    chart: str
    """Its packed chart."""
    destination: Path
    """Its example, which uses nothing that is newer."""


@pytest.fixture(scope="module")
def older(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Older]:
    """Version 0.1.0, with its image and this version's brought into the cluster."""
    there = subprocess.run(
        ["git", "cat-file", "-e", f"{_COMMIT}^{{commit}}"], check=False, cwd=ROOT, capture_output=True
    )
    if there.returncode != 0:
        pytest.skip(f"the commit {_COMMIT} of 0.1.0 is not in this clone: fetch the whole history")
    folder = tmp_path_factory.mktemp("0.1.0")
    archive = folder / "archive.tar"
    run("git", "archive", f"--output={archive}", _COMMIT)
    run("tar", "-xf", str(archive), "-C", str(folder))
    run("make", "--silent", f"--directory={folder}", "image", f"IMAGE={_IMAGE}")
    cluster.load_image(_IMAGE)
    run("make", "--silent", "image", f"IMAGE={IMAGE}")
    cluster.load_image()
    cluster.make_namespaces()
    yield Older(
        chart=packed_chart(tmp_path_factory.mktemp("older-chart"), folder),
        destination=folder / "examples" / "sandbox" / "destination.yaml",
    )
    cluster.remove()


def _image_values(image: str) -> tuple[str, str]:
    repository, tag = image.split(":")
    return f"--set=image.repository={repository}", f"--set-string=image.tag={tag}"


def _to_this_version(cluster: Cluster, chart: str) -> None:
    arguments = ("--reset-then-reuse-values", "--wait", "--timeout=180s", *_image_values(IMAGE))
    cluster.helm("upgrade", "mogulsync", chart, *arguments)
    _settle(cluster, IMAGE)


def test_the_older_version_is_installed_and_has_a_run(cluster: Cluster, older: Older) -> None:
    cluster.helm("install", "mogulsync", older.chart, "--wait", "--timeout=180s", *_image_values(_IMAGE))
    documents = list(yaml.safe_load_all((ROOT / "examples/sandbox/sandbox.yaml").read_text()))
    (deployment,) = [document for document in documents if document["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = IMAGE
    cluster.apply(*documents)
    cluster.kubectl("rollout", "status", "deployment/sandbox", "--timeout=90s")
    destination = yaml.safe_load(older.destination.read_text())
    destination["spec"]["schedule"] = far_schedule()
    cluster.apply(destination)
    cluster.kubectl("wait", "--for=condition=Ready", f"icd/{_NAME}", "--timeout=120s")
    assert _run_now(cluster)["outcome"] == "Succeeded"


def test_an_upgrade_starts_no_run_makes_no_cronjob_anew_and_keeps_every_report(
    cluster: Cluster, older: Older, chart: str
) -> None:
    before = _see(cluster)
    _to_this_version(cluster, chart)
    assert _see(cluster) == before
    report = _run_now(cluster)
    assert report["outcome"] == "Succeeded"
    assert "cleared" in report["contacts"]


def test_going_back_is_as_quiet_and_keeps_a_newer_report(cluster: Cluster, older: Older, chart: str) -> None:
    before = _see(cluster)
    # As docs/upgrade.md says: 0.1 has the Lease among the release's objects, and an operator would make it again.
    own = ("--namespace", OPERATOR_NAMESPACE)
    cluster.kubectl("scale", "deployment", "mogulsync", *own, "--replicas", "0")
    operators = ("--selector", "app.kubernetes.io/component=operator")
    cluster.kubectl("wait", "pods", *own, *operators, "--for=delete", "--timeout=2m")
    cluster.kubectl("delete", "lease", "mogulsync", *own)
    cluster.helm("rollback", "mogulsync", "--wait", "--timeout=180s")
    _settle(cluster, _IMAGE)
    assert _see(cluster) == before
    assert "cleared" in before.report["contacts"]
    report = _run_now(cluster)
    assert report["outcome"] == "Succeeded"


def test_and_forth_again(cluster: Cluster, older: Older, chart: str) -> None:
    before = _see(cluster)
    _to_this_version(cluster, chart)
    assert _see(cluster) == before
    assert _run_now(cluster)["outcome"] == "Succeeded"
    (pod,) = cluster.operator_pods()
    assert cluster.complaints(pod) == []
