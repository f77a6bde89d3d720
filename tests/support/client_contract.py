"""What a Kubernetes client does, as cases that hold for a real API server and for the fake one alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mogulsync.controller.resources import DESTINATIONS
from mogulsync.kube.client import KubernetesClient, StatusError
from mogulsync.kube.objects import CRONJOBS, GroupVersionResource, Object, owner_reference
from mogulsync.resource.names import API_VERSION, KIND
from tests.support.operator_world import SPEC

CONFIG_MAPS = GroupVersionResource("", "v1", "configmaps", "ConfigMap")

Delete = Callable[[GroupVersionResource, str], Awaitable[None]]


def config_map(namespace: str, name: str = "settings", **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "data": {"a": "1"},
    }


def destination(namespace: str, name: str = "production", **spec: Any) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**SPEC, **spec},
    }


def cronjob(namespace: str, schedule: str = "0 9 * * *", **metadata: Any) -> Object:
    container = {"name": "sync", "image": "mogulsync"}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "production", "namespace": namespace, **metadata},
        "spec": {
            "schedule": schedule,
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}},
        },
    }


class ClientContract:
    """The cases. A subclass has the fixtures `client`, `namespace` and `delete`."""

    async def test_what_is_created_can_be_read_with_what_the_server_adds(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        created = await client.create(CONFIG_MAPS, config_map(namespace))
        assert {"uid", "resourceVersion", "creationTimestamp"} <= set(created["metadata"])
        assert await client.get(CONFIG_MAPS, namespace, "settings") == created

    async def test_what_is_not_there_is_not_found(self, client: KubernetesClient, namespace: str) -> None:
        with pytest.raises(StatusError) as read:
            await client.get(CONFIG_MAPS, namespace, "settings")
        with pytest.raises(StatusError) as patched:
            await client.patch(CONFIG_MAPS, namespace, "settings", {"data": {"a": "2"}})
        assert [each.value.not_found for each in (read, patched)] == [True, True]
        assert read.value.reason == "NotFound"

    async def test_a_name_is_taken_once(self, client: KubernetesClient, namespace: str) -> None:
        await client.create(CONFIG_MAPS, config_map(namespace))
        with pytest.raises(StatusError) as refused:
            await client.create(CONFIG_MAPS, config_map(namespace))
        assert refused.value.conflict, vars(refused.value)
        assert refused.value.reason == "AlreadyExists"

    async def test_a_list_has_what_its_selector_picks(self, client: KubernetesClient, namespace: str) -> None:
        await client.create(CONFIG_MAPS, config_map(namespace, "one", labels={"app": "x", "tier": "1"}))
        await client.create(CONFIG_MAPS, config_map(namespace, "two", labels={"app": "y"}))
        await client.create(CONFIG_MAPS, config_map(namespace, "three"))
        for selector, expected in {
            "app": {"one", "two"},
            "app=y": {"two"},
            "app,tier=1": {"one"},
            "none": set(),
        }.items():
            pages = [page async for page in client.list_pages(CONFIG_MAPS, namespace, label_selector=selector)]
            assert {item["metadata"]["name"] for page in pages for item in page.items} == expected
        (page,) = [page async for page in client.list_pages(CONFIG_MAPS, namespace, label_selector="app=y")]
        assert (page.items[0]["apiVersion"], page.items[0]["kind"]) == ("v1", "ConfigMap")
        assert int(page.resource_version) >= int(page.items[0]["metadata"]["resourceVersion"])

    async def test_versions_grow_with_each_change_and_only_then(self, client: KubernetesClient, namespace: str) -> None:
        created = await client.create(CONFIG_MAPS, config_map(namespace))
        same = await client.patch(CONFIG_MAPS, namespace, "settings", {"data": {"a": "1"}})
        changed = await client.patch(CONFIG_MAPS, namespace, "settings", {"data": {"a": "2"}})
        versions = [int(each["metadata"]["resourceVersion"]) for each in (created, same, changed)]
        assert versions[0] == versions[1] < versions[2]

    async def test_a_patch_on_an_older_version_is_a_conflict(self, client: KubernetesClient, namespace: str) -> None:
        created = await client.create(CONFIG_MAPS, config_map(namespace))
        seen = {"resourceVersion": created["metadata"]["resourceVersion"]}
        await client.patch(CONFIG_MAPS, namespace, "settings", {"metadata": seen, "data": {"a": "2"}})
        with pytest.raises(StatusError) as refused:
            await client.patch(CONFIG_MAPS, namespace, "settings", {"metadata": seen, "data": {"a": "3"}})
        assert refused.value.conflict, vars(refused.value)
        assert (await client.get(CONFIG_MAPS, namespace, "settings"))["data"] == {"a": "2"}

    async def test_a_patch_for_another_uid_is_a_conflict(self, client: KubernetesClient, namespace: str) -> None:
        await client.create(CONFIG_MAPS, config_map(namespace))
        with pytest.raises(StatusError) as refused:
            await client.patch(CONFIG_MAPS, namespace, "settings", {"metadata": {"uid": "x"}, "data": {"a": "3"}})
        assert refused.value.conflict, vars(refused.value)

    async def test_null_in_a_patch_removes(self, client: KubernetesClient, namespace: str) -> None:
        await client.create(CONFIG_MAPS, config_map(namespace))
        patched = await client.patch(CONFIG_MAPS, namespace, "settings", {"data": {"a": None, "b": "2"}})
        assert patched["data"] == {"b": "2"}

    async def test_the_status_is_written_apart(self, client: KubernetesClient, namespace: str) -> None:
        created = await client.create(DESTINATIONS, destination(namespace) | {"status": {"cronJob": "ignored"}})
        assert "cronJob" not in (created.get("status") or {})
        body = {"status": {"cronJob": "production"}, "spec": {"suspend": True}}
        stored = await client.patch(DESTINATIONS, namespace, "production", body, subresource="status")
        assert stored["status"]["cronJob"] == "production"
        assert stored["spec"].get("suspend", False) is False
        other = {"status": {"cronJob": "ignored"}, "spec": {"suspend": True}}
        stored = await client.patch(DESTINATIONS, namespace, "production", other)
        assert stored["status"]["cronJob"] == "production"
        assert stored["spec"]["suspend"] is True

    async def test_the_generation_counts_changes_of_the_spec(self, client: KubernetesClient, namespace: str) -> None:
        generations = [
            (await client.create(DESTINATIONS, destination(namespace))),
            (await client.patch(DESTINATIONS, namespace, "production", {"metadata": {"annotations": {"a": "b"}}})),
            (
                await client.patch(
                    DESTINATIONS, namespace, "production", {"status": {"cronJob": "x"}}, subresource="status"
                )
            ),
            (await client.patch(DESTINATIONS, namespace, "production", {"spec": {"suspend": True}})),
        ]
        assert [each["metadata"]["generation"] for each in generations] == [1, 1, 1, 2]

    async def test_apply_creates_and_then_changes(self, client: KubernetesClient, namespace: str) -> None:
        created = await client.apply(CRONJOBS, cronjob(namespace))
        same = await client.apply(CRONJOBS, cronjob(namespace))
        changed = await client.apply(CRONJOBS, cronjob(namespace, "0 10 * * *"))
        assert created["metadata"]["uid"] == changed["metadata"]["uid"]
        assert same["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
        assert changed["spec"]["schedule"] == "0 10 * * *"

    async def test_apply_takes_away_what_it_gave_and_leaves_what_others_gave(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        await client.apply(CRONJOBS, cronjob(namespace, labels={"ours": "1", "kept": "1"}))
        await client.patch(CRONJOBS, namespace, "production", {"metadata": {"annotations": {"theirs": "1"}}})
        applied = await client.apply(CRONJOBS, cronjob(namespace, labels={"kept": "1"}))
        assert applied["metadata"]["labels"] == {"kept": "1"}
        assert applied["metadata"]["annotations"] == {"theirs": "1"}

    async def test_apply_for_another_uid_or_version_is_a_conflict(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        await client.apply(CRONJOBS, cronjob(namespace))
        for metadata in ({"uid": "x"}, {"resourceVersion": "1"}):
            with pytest.raises(StatusError) as refused:
                await client.apply(CRONJOBS, cronjob(namespace, **metadata))
            assert refused.value.conflict, vars(refused.value)

    async def test_apply_with_a_version_that_no_object_has_creates(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        created = await client.apply(CRONJOBS, cronjob(namespace, resourceVersion="1"))
        assert int(created["metadata"]["resourceVersion"]) > 1

    async def test_apply_with_the_uid_of_one_that_is_gone_is_a_conflict(
        self, client: KubernetesClient, namespace: str
    ) -> None:
        with pytest.raises(StatusError) as refused:
            await client.apply(CRONJOBS, cronjob(namespace, uid="gone"))
        assert refused.value.conflict, vars(refused.value)

    async def test_what_is_owned_goes_with_its_owner(
        self, client: KubernetesClient, namespace: str, delete: Delete
    ) -> None:
        owner = await client.create(DESTINATIONS, destination(namespace))
        reference = owner_reference(DESTINATIONS, name="production", uid=owner["metadata"]["uid"])
        await client.create(CONFIG_MAPS, config_map(namespace, "owned", ownerReferences=[reference]))
        await client.create(CONFIG_MAPS, config_map(namespace, "free"))
        await delete(DESTINATIONS, "production")
        async with asyncio.timeout(60):
            while await _exists(client, namespace, "owned"):  # noqa: ASYNC110 - Kubernetes collects it when it comes to it
                await asyncio.sleep(0.1)
        assert await _exists(client, namespace, "free")


async def _exists(client: KubernetesClient, namespace: str, name: str) -> bool:
    try:
        await client.get(CONFIG_MAPS, namespace, name)
    except StatusError as error:
        if error.not_found:
            return False
        raise
    return True
