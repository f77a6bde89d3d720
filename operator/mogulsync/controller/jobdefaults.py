"""What the Jobs of every destination have unless its spec.job says otherwise."""

from dataclasses import dataclass

from mogulsync.resource.spec import Spec


@dataclass(frozen=True, kw_only=True)
class JobDefaults:
    """The operator's defaults for spec.job."""

    image: str
    """What Jobs run."""

    def applied_to(self, spec: Spec) -> Spec:
        """Return the spec with the defaults for what its `job` leaves open."""
        job = spec.job.model_copy(update={"image": spec.job.image or self.image})
        return spec.model_copy(update={"job": job})
