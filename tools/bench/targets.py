"""Targets: figures with the bounds that they are held to, and whether a run of the benchmark met them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and the bound that it is held to."""

    name: str
    figure: float
    sense: Literal["<=", ">=", "<"]
    bound: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure keeps to the bound."""
        match self.sense:
            case "<=":
                return self.figure <= self.bound
            case ">=":
                return self.figure >= self.bound
            case _:
                return self.figure < self.bound
