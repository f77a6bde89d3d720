"""The arguments of the commands that speak to a cluster: named, and read, as kubectl does."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from typing import Any, Final, Literal, TypeVar

import click

from mogulsync.cluster.reach import Reach, Selection

_F = TypeVar("_F", bound=Callable[..., Any])
OutputFormat = Literal["json", "yaml"]

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|m|s|us|µs|ns)")


_NAME: Final = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_NAME_MAX_LENGTH: Final = 253


class Duration(click.ParamType[timedelta]):
    """A duration as kubectl and Go write it: `90s`, `5m`, `1h30m`; `0` needs no unit."""

    name = "DURATION"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration that the text says."""
        if isinstance(value, timedelta):
            return value
        if value == "0":
            return timedelta()
        parts = _DURATION.findall(value)
        if not parts or "".join(parts) != value:
            self.fail(f"{value!r} is not a duration; write it with units, for example 90s, 5m or 1h30m", param, ctx)
        seconds = sum(
            Decimal(part.rstrip("hmsuµn")) * Decimal(str(_UNITS[part.lstrip("0123456789.")])) for part in parts
        )
        try:
            return timedelta(seconds=float(seconds))
        except OverflowError:
            self.fail(f"{value!r} is too long", param, ctx)


class ResourceName(click.ParamType[str]):
    """A name as Kubernetes has them; anything else would be another path of its API."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name."""
        if len(value) > _NAME_MAX_LENGTH or not _NAME.fullmatch(value):
            self.fail(
                f"{value!r} is no name: small letters, digits, - and ., with a letter or digit at both ends", param, ctx
            )
        return value


def reach_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --kubeconfig, --context and -n; the command gets them as `reach`."""

    @wraps(function)
    def command(*, kubeconfig: str | None, context: str | None, namespace: str | None, **others: Any) -> Any:
        return function(reach=Reach(kubeconfig, context, namespace), **others)

    for option in (
        click.option(
            "-n",
            "--namespace",
            type=ResourceName(),
            metavar="NS",
            help="Namespace; default: the kubeconfig's context's.",
        ),
        click.option("--context", metavar="NAME", help="Context of the kubeconfig to use."),
        click.option("--kubeconfig", metavar="FILE", help="Default: what KUBECONFIG names, else ~/.kube/config."),
    ):
        command = option(command)
    return command


def filter_options(function: _F) -> _F:
    """Add -A and -l."""
    for option in (
        click.option("-l", "--selector", metavar="LABELS", default="", help="Only those with these labels: a=b,c!=d."),
        click.option("-A", "--all-namespaces", is_flag=True, help="Those of all namespaces."),
    ):
        function = option(function)
    return function


def selection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add NAME…, -A, -l and --all; the command gets them as `chosen`."""

    @click.argument("names", nargs=-1, type=ResourceName(), metavar="NAME...", shell_complete=complete_names)
    @filter_options
    @click.option("--all", "everything", is_flag=True, help="All destinations of the namespace.")
    @wraps(function)
    def command(*, names: tuple[str, ...], all_namespaces: bool, selector: str, everything: bool, **others: Any) -> Any:
        chosen = selection(names, all_namespaces=all_namespaces, selector=selector, everything=everything)
        return function(chosen=chosen, **others)

    return command


def output_option(function: _F) -> _F:
    """Add -o."""
    return click.option(
        "-o", "--output", type=click.Choice(["json", "yaml"]), help="Print all of it for programs, in this format."
    )(function)


def selection(names: tuple[str, ...], *, all_namespaces: bool, selector: str, everything: bool) -> Selection:
    """Return which destinations are meant.

    Raises:
        UsageError: Neither names nor any of -A, -l and --all is given, or both.
    """
    by_filter = all_namespaces or bool(selector) or everything
    if names and by_filter:
        raise click.UsageError("give either NAMEs, or -A, -l or --all, but not both")
    if not names and not by_filter:
        raise click.UsageError("which? Give a NAME, or -l LABELS, or --all (of the namespace), or -A (everywhere)")
    return Selection(names, all_namespaces, selector)


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of destinations that begin so, for a shell; none when the cluster is not reached."""
    del param
    from mogulsync.cluster.access import names_of_destinations  # noqa: PLC0415 - slow to import

    given = ctx.params
    reach = Reach(given.get("kubeconfig"), given.get("context"), given.get("namespace"))
    return [name for name in names_of_destinations(reach) if name.startswith(incomplete)]
