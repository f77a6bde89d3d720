"""`mogulsync operator`: what the operator's Deployment runs."""

import asyncio
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mogulsync import logs
from mogulsync.controller.addresses import HEALTH_PORT, METRICS_PORT, Address
from mogulsync.resource.names import ENV_IMAGE, LEASE_NAME

if TYPE_CHECKING:
    from mogulsync.controller.options import OperatorOptions
    from mogulsync.resource.job import Job

_LEVELS: Final = ("debug", "info", "warning", "error")
_KOPF_LEVELS: Final = {"kopf": logging.WARNING, "kopf._core.reactor.running": logging.ERROR}
"""kopf logs each event at info, and warns that signals are not its own in a thread: we handle them."""
_NAME: Final = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_EXAMPLES: Final = """\b
Examples:
  mogulsync operator --image registry.example/mogulsync:0.2.0
  mogulsync operator --namespace crm --namespace sales --job-defaults jobs.yaml"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="NS", help="Serve this namespace only; repeatable. None: all."
)
@click.option("--image", envvar=ENV_IMAGE, metavar="IMAGE", help=f"Image that Jobs run; else ${ENV_IMAGE}.")
@click.option(
    "--job-defaults",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML of the shape of spec.job: the defaults of every destination. Read at the start.",
)
@click.option(
    "--metrics-address",
    metavar="HOST:PORT",
    default=f":{METRICS_PORT}",
    show_default=True,
    help="Where Prometheus finds /metrics.",
)
@click.option(
    "--health-address",
    metavar="HOST:PORT",
    default=f":{HEALTH_PORT}",
    show_default=True,
    help="Where the kubelet finds /healthz and /readyz.",
)
@click.option(
    "--lease-name",
    metavar="NAME",
    default=LEASE_NAME,
    show_default=True,
    help="The Lease by which one of several replicas is elected, in $POD_NAMESPACE; made when it is not there.",
)
@click.option("--leader-elect/--no-leader-elect", default=True, help="Whether to elect one of several replicas.")
@click.option(
    "--log-level",
    type=click.Choice(_LEVELS, case_sensitive=False),
    default="info",
    show_default=True,
    metavar="LEVEL",
    help=f"Least level of what is logged: {', '.join(_LEVELS)}.",
)
def command(
    *,
    namespaces: tuple[str, ...],
    image: str | None,
    job_defaults: Path | None,
    metrics_address: str,
    health_address: str,
    lease_name: str,
    leader_elect: bool,
    log_level: str,
) -> None:
    """Run the operator: CronJobs from IntercomDestinations, and their runs' results back."""
    # Not at the top, here and below: what these import takes a second, and --help needs none of it.
    from mogulsync.controller.options import OperatorOptions  # noqa: PLC0415

    job = _job_defaults(job_defaults)
    if not image and not job.image:
        raise click.UsageError(f"no image for the Jobs: give --image or set {ENV_IMAGE}")
    options = OperatorOptions(
        image=image or job.image or "",
        namespaces=tuple(dict.fromkeys(_name(each, "--namespace") for each in namespaces)),
        job=job,
        metrics_address=_address(metrics_address, METRICS_PORT, "--metrics-address"),
        health_address=_address(health_address, HEALTH_PORT, "--health-address"),
        lease_name=_name(lease_name, "--lease-name"),
        leader_elect=leader_elect,
    )
    level = logging.getLevelNamesMapping()[log_level.upper()]
    logs.configure(level)
    for name, least in _KOPF_LEVELS.items():
        logging.getLogger(name).setLevel(max(least, level))
    _run(options)


def _run(options: "OperatorOptions") -> None:
    """Run until a signal; what keeps it from starting is exit 1 and a message."""
    from mogulsync.controller.operator import run_operator  # noqa: PLC0415
    from mogulsync.kube.aio import ConfigException  # noqa: PLC0415

    try:
        asyncio.run(run_operator(options))
    except ConfigException as error:
        raise click.ClickException(f"no way to a cluster: {error}; set KUBECONFIG, or run in a Pod") from None
    except OSError as error:
        raise click.ClickException(f"cannot serve: {error}") from None


def _job_defaults(path: Path | None) -> "Job":
    """Return what the file says, or no defaults where none was given."""
    from mogulsync.resource.job import Job  # noqa: PLC0415
    from mogulsync.resource.manifest import InvalidDestinationError, parse_job  # noqa: PLC0415

    if path is None:
        return Job()
    try:
        return parse_job(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"{path}: cannot be read: {error.strerror}; give a file that the operator may read"
    except UnicodeDecodeError:
        problem = f"{path}: is no text in UTF-8; give YAML of the shape of spec.job"
    except InvalidDestinationError as error:
        problem = f"{path}: {error}"
    raise click.BadParameter(problem, param_hint="--job-defaults")


def _name(text: str, option: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise click.BadParameter(
            f'"{text}" is no name that Kubernetes takes: small letters, digits and, between them, - and .',
            param_hint=option,
        )
    return text


def _address(text: str, port: int, option: str) -> Address:
    try:
        return Address.parse(text, default_port=port)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
