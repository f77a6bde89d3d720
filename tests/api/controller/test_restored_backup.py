"""A cluster whose etcd was restored from a backup: versions went back, and what the API server lists is the truth."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import kubernetes.aio.config
import pytest
from kubernetes.aio.client import Configuration

from localkube import ControlPlane, Part
from localkube.kubeapi import KubeApi
from mogulsync.controller.operator import Controller
from mogulsync.controller.resources import DESTINATIONS
from mogulsync.controller.settings import OperatorSettings, ResyncSettings
from mogulsync.kube.objects import GroupVersionResource, Object
from mogulsync.resource.names import PLURAL
from tests.support.operator_world import World

_CRDS = Path(__file__).parents[3] / "crds"
_LIMITS = OperatorSettings(resync=ResyncSettings(version_check=1))


@pytest.fixture
def own_plane() -> Iterator[ControlPlane]:
    """A control plane of its own, since all that others made in it would go."""
    with ControlPlane() as plane:
        plane.apply_crds(_CRDS)
        yield plane


@pytest.fixture
async def own_world(own_plane: ControlPlane) -> AsyncIterator[World]:
    settings: Configuration = type.__call__(Configuration)
    await kubernetes.aio.config.load_kube_config(  # type: ignore[no-untyped-call] # the library's
        config_file=str(own_plane.kubeconfig), client_configuration=settings
    )
    async with KubeApi(own_plane.kubeconfig) as api:
        yield World(own_plane, "default", api, settings)


async def test_it_takes_up_what_is_there_and_what_comes_after(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, plane = own_world, own_world.plane
    etcd, backup = plane.folder / "etcd", plane.folder / "backup"
    touches = _note_touches_watched(monkeypatch)
    await world.apply()
    async with world.operator(limits=_LIMITS):
        await world.until("the CronJob", partial(_is_scheduled, world, "0 9 * * *"))
        _stop(plane)
        shutil.copytree(etcd, backup)
        _start(plane)

        await world.apply(schedule="5 5 * * *")
        await world.apply("after-the-backup")
        await world.until("the change", partial(_is_scheduled, world, "5 5 * * *"))
        await world.until("the other", partial(_is_scheduled, world, "0 9 * * *", "after-the-backup"))
        await world.kubectl("apply", "-f", "-", stdin=_many_objects(500))  # so that versions are far ahead

        _stop(plane)
        shutil.rmtree(etcd)
        backup.rename(etcd)
        _start(plane)

        await world.apply(schedule="6 6 * * *")
        await world.apply("after-the-restore")
        await world.until("the change", partial(_is_scheduled, world, "6 6 * * *"))
        await world.until("the new one", partial(_is_scheduled, world, "0 9 * * *", "after-the-restore"))
        await world.apply(schedule="7 7 * * *")
        await world.until("the last change", partial(_is_scheduled, world, "7 7 * * *"))
        await world.until("a change in a watch", partial(_is_watched, world, touches, count()))


def _note_touches_watched(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return a set that gets the value of each touch (`_is_watched`) that a watch, not a list, shows."""
    touches: set[str] = set()
    see = Controller.see

    def noting(self: Controller, resource: GroupVersionResource, event: str | None, seen: Object) -> None:
        touch = (seen["metadata"].get("labels") or {}).get("touch")
        if resource == DESTINATIONS and event is not None and touch:
            touches.add(touch)
        see(self, resource, event, seen)

    monkeypatch.setattr(Controller, "see", noting)
    return touches


async def _is_watched(world: World, touches: set[str], numbers: Iterator[int]) -> bool:
    """Touch the destination once more; return whether a watch has shown any of that.

    A list may have shown all that was there before the watches began anew.
    """
    await world.kubectl("label", PLURAL, "production", f"touch={next(numbers)}", "--overwrite")
    return bool(touches)


async def _is_scheduled(world: World, schedule: str, name: str = "production") -> bool:
    found = {each["metadata"]["name"]: each["spec"]["schedule"] for each in await world.listed("cronjobs")}
    return found.get(name) == schedule


def _stop(plane: ControlPlane) -> None:
    plane.stop_part(Part.API_SERVER)
    plane.stop_part(Part.ETCD)


def _start(plane: ControlPlane) -> None:
    plane.start_part(Part.ETCD)
    plane.start_part(Part.API_SERVER)


def _many_objects(count: int) -> str:
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c-{n}"}} for n in range(count)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
