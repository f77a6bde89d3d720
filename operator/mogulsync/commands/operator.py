"""`mogulsync operator`: what the operator's Deployment runs."""

import asyncio
import logging
from typing import Final

import click
from kubernetes.aio.config import ConfigException

from mogulsync import logs
from mogulsync.controller.operator import run_operator
from mogulsync.controller.settings import HEALTH_PORT, METRICS_PORT, Address, OperatorOptions
from mogulsync.resource.names import ENV_IMAGE

_CHATTER: Final = {"kopf": logging.WARNING, "kopf._core.reactor.running": logging.ERROR}
"""kopf tells of each event at info, and warns that signals are not its own in a thread: we handle them."""


@click.command()
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Serve this namespace only; repeatable.")
@click.option("--image", envvar=ENV_IMAGE, metavar="IMAGE", help=f"Image that Jobs run; else ${ENV_IMAGE}.")
@click.option("--metrics-address", metavar="HOST:PORT", default=f":{METRICS_PORT}", show_default=True)
@click.option("--health-address", metavar="HOST:PORT", default=f":{HEALTH_PORT}", show_default=True)
@click.option("--leader-elect/--no-leader-elect", default=True, help="Whether to elect one of several replicas.")
def command(
    namespaces: tuple[str, ...], image: str | None, metrics_address: str, health_address: str, *, leader_elect: bool
) -> None:
    """Run the operator: CronJobs from IntercomDestinations, and their runs' results back."""
    if not image:
        raise click.UsageError(f"no image for the Jobs: give --image or set {ENV_IMAGE}")
    options = OperatorOptions(
        image=image,
        namespaces=namespaces,
        metrics_address=_address(metrics_address, METRICS_PORT, "--metrics-address"),
        health_address=_address(health_address, HEALTH_PORT, "--health-address"),
        leader_elect=leader_elect,
    )
    logs.configure()
    for name, level in _CHATTER.items():
        logging.getLogger(name).setLevel(level)
    try:
        asyncio.run(run_operator(options))
    except ConfigException as error:
        raise click.ClickException(f"no way to a cluster: {error}; set KUBECONFIG, or run in a Pod") from None
    except OSError as error:
        raise click.ClickException(f"cannot serve: {error}") from None


def _address(text: str, port: int, option: str) -> Address:
    try:
        return Address.parse(text, default_port=port)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
