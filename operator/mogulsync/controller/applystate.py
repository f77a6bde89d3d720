"""What is remembered of a CronJob's applies between reconciles. Nothing of it has to survive the process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from mogulsync.controller.blocker import Blocker
from mogulsync.controller.contention import Contention


class Settled(NamedTuple):
    """A spec and the CronJob that is as this spec asks for."""

    generation: int
    """Of the destination."""
    cronjob_uid: str
    """A CronJob that was deleted and made again has another, at the same generation."""
    cronjob_generation: int


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A CronJob that the API server refused."""

    digest: str
    """Of what was applied."""
    time: datetime
    blocker: Blocker


@dataclass(frozen=True, kw_only=True)
class ApplyState:
    """What the last applies of a destination's CronJob came to."""

    settled: Settled | None = None
    """What was found or made to agree. It saves comparing them, and the API server may write a value differently
    from how it was given (0.1 CPU as 100m)."""
    refusal: Refusal | None = None
    contention: Contention = field(default_factory=Contention)
