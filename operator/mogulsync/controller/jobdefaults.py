"""What the Jobs of every destination have unless its spec.job says otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from mogulsync.resource.job import Job
from mogulsync.resource.spec import Spec

_BY_KEY: Final = frozenset({"pod_labels", "pod_annotations", "node_selector"})
"""Maps that merge by their keys."""
_BY_ITEM: Final[Mapping[str, str]] = {"env": "name", "volumes": "name", "volume_mounts": "mount_path"}
"""Lists that merge by this field of their items."""


@dataclass(frozen=True, kw_only=True)
class JobDefaults:
    """The operator's defaults for spec.job."""

    image: str
    """What Jobs run."""
    job: Job = Job()
    """All other defaults; an image there replaces `image`."""

    def applied_to(self, spec: Spec) -> Spec:
        """Return the spec with the defaults for what its `job` leaves open."""
        return spec.model_copy(update={"job": merged_job(self._job_with_image, spec.job)})

    @cached_property
    def _job_with_image(self) -> Job:
        return self.job if self.job.image else self.job.model_copy(update={"image": self.image})


def merged_job(below: Job, above: Job) -> Job:
    """Return two shapes of Jobs as one: a key of `above` replaces that of `below`, maps and named lists merge."""
    names = [name for name in Job.model_fields if getattr(above, name) is not None]
    if not names:
        return below
    return below.model_copy(update={name: _merged(name, getattr(below, name), getattr(above, name)) for name in names})


def _merged(name: str, below: Any, above: Any) -> Any:
    if below is None:
        return above
    if name in _BY_KEY:
        return {**below, **above}
    if name in _BY_ITEM:
        return _merged_items(below, above, lambda item: getattr(item, _BY_ITEM[name]))
    return above


def _merged_items(below: list[Any], above: list[Any], key: Callable[[Any], str]) -> list[Any]:
    return list(({key(item): item for item in below} | {key(item): item for item in above}).values())
