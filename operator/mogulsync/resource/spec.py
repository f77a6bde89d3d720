"""The spec of an IntercomDestination, which a user declares."""

from pydantic import Field

from mogulsync.resource.job import Job
from mogulsync.resource.syncspec import SyncSpec


class Spec(SyncSpec):
    """What to send, to whom and when."""

    job: Job = Field(default=Job.model_construct(), description="How the Jobs' Pods are shaped.")
