"""Kinds, names and owners of Kubernetes objects."""

from typing import Any

import pytest

from mogulsync.kube.objects import (
    CRONJOBS,
    EVENTS,
    JOBS,
    PODS,
    GroupVersionResource,
    NamespacedName,
    as_number,
    digest,
    owned_by,
    owned_by_any,
    owned_by_predecessor,
    owner_reference,
)

WIDGETS = GroupVersionResource("example.com", "v1", "widgets", "Widget")


def child(*references: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"namespace": "crm", "name": "child", "ownerReferences": list(references)}}


@pytest.mark.parametrize(
    ("resource", "parts", "path"),
    [
        (PODS, (None,), "/api/v1/pods"),
        (PODS, ("crm",), "/api/v1/namespaces/crm/pods"),
        (JOBS, (None,), "/apis/batch/v1/jobs"),
        (CRONJOBS, ("crm", "production"), "/apis/batch/v1/namespaces/crm/cronjobs/production"),
        (EVENTS, ("crm",), "/apis/events.k8s.io/v1/namespaces/crm/events"),
        (WIDGETS, ("crm", "one", "status"), "/apis/example.com/v1/namespaces/crm/widgets/one/status"),
    ],
)
def test_a_kind_has_a_path_for_all_for_a_namespace_and_for_one(
    resource: GroupVersionResource, parts: tuple[str | None, ...], path: str
) -> None:
    assert resource.path(*parts) == path


@pytest.mark.parametrize(("resource", "version"), [(PODS, "v1"), (JOBS, "batch/v1"), (WIDGETS, "example.com/v1")])
def test_a_kind_has_a_version_as_manifests_write_it(resource: GroupVersionResource, version: str) -> None:
    assert resource.api_version == version


def test_an_owner_is_known_by_its_uid() -> None:
    owned = child(owner_reference(WIDGETS, name="one", uid="u1"))
    assert owned_by(owned, "u1")
    assert not owned_by(owned, "u2")
    assert owned_by_any(owned, ("u2", "u1"))
    assert not owned_by({"metadata": {}}, "u1")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (owner_reference(WIDGETS, name="one", uid="before"), True),
        (owner_reference(WIDGETS, name="one", uid="now"), False),
        (owner_reference(WIDGETS, name="other", uid="before"), False),
        (owner_reference(JOBS, name="one", uid="before"), False),
        (owner_reference(WIDGETS, name="one", uid="before") | {"apiVersion": "example.com/v1beta1"}, True),
        (owner_reference(WIDGETS, name="one", uid="before") | {"apiVersion": "other.com/v1"}, False),
    ],
)
def test_a_predecessor_had_the_same_kind_and_name_and_another_uid(reference: dict[str, Any], *, expected: bool) -> None:
    assert owned_by_predecessor(child(reference), WIDGETS, name="one", uid="now") is expected


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"b": [1, 2]}) != digest({"b": [2, 1]})


@pytest.mark.parametrize(("version", "number"), [("12", 12), ("", 0), ("opaque", 0)])
def test_a_version_that_is_no_number_is_never_newer(version: str, number: int) -> None:
    assert as_number(version) == number


def test_a_name_is_written_with_its_namespace() -> None:
    assert str(NamespacedName.of(child())) == "crm/child"
