"""The guard: a run that would change more than `spec.maxChangedPercent` of the matched contacts is refused."""


def can_trip(max_changed_percent: int) -> bool:
    """Tell whether the guard needs to know all changes before the first write."""
    return max_changed_percent < 100  # noqa: PLR2004 - per cent


def trips(*, changed: int, matched: int, max_changed_percent: int) -> bool:
    """Tell whether so many changed contacts are more than the share of the matched ones allows."""
    return changed * 100 > matched * max_changed_percent


def refusal(*, changed: int, matched: int, max_changed_percent: int) -> str:
    """Return what the run would have done and how to let it."""
    return (
        f"would update {changed} of {matched} matched contacts, more than the {max_changed_percent} % that "
        "spec.maxChangedPercent allows, so nothing was written; preview the changes, then raise it for one run"
    )
