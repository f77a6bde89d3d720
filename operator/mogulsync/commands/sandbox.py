"""`mogulsync sandbox`: serve a made-up ChartMogul and Intercom."""

import asyncio
import importlib
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from mogulsync.sandbox import Sandbox, SandboxAccount, Urls

_HIGHEST_PORT: Final = 65535
_EXTRA: Final = ("starlette", "uvicorn")
"""What the distribution's extra `sandbox` installs."""


class _Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT."""

    name = "HOST:PORT"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
            self.fail(f"{value!r} is not HOST:PORT, for example 127.0.0.1:8090", param, ctx)
        return host.strip("[]"), int(port)


@click.command(
    "sandbox",
    epilog="""\b
Examples:
  mogulsync sandbox
  mogulsync sandbox --address 0.0.0.0:8090 --customers 2000 --contacts 5000
  mogulsync sandbox --address 127.0.0.1:0      takes a free port and prints it""",
)
@click.option("--address", type=_Address(), default="127.0.0.1:8090", show_default=True, help="Where to serve.")
@click.option("--customers", type=click.IntRange(min=0), default=500, show_default=True, help="ChartMogul customers.")
@click.option("--contacts", type=click.IntRange(min=0), default=600, show_default=True, help="Intercom contacts.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed, the same data.")
@click.option("--region", type=click.Choice(["US", "EU", "AU"]), default="US", show_default=True, help="Intercom's.")
@click.option(
    "--intercom-limit",
    type=click.IntRange(min=0),
    default=1666,
    show_default=True,
    help="Intercom requests per 10 seconds; 0 lifts the limits of both APIs.",
)
@click.option(
    "--latency",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="MILLISECONDS",
    help="How long every request takes at least.",
)
@click.option("--escape-html", is_flag=True, help="Give texts of contacts HTML-escaped, as Intercom does some.")
def command(
    *,
    address: tuple[str, int],
    customers: int,
    contacts: int,
    seed: int,
    region: str,
    intercom_limit: int,
    latency: int,
    escape_html: bool,
) -> None:
    """Serve a made-up ChartMogul and Intercom over HTTP.

    Prints both URLs and the credentials to use, then serves until it is stopped. What is written to it lasts
    as long as it runs.
    """
    _require_extra()
    from mogulsync.sandbox import Sandbox, SandboxAccount, SandboxOptions  # noqa: PLC0415 - needs the extra

    options = SandboxOptions(latency=latency / 1000, escape_html=escape_html)
    if intercom_limit:
        options = replace(options, intercom_limit=intercom_limit)
    else:
        options = replace(options, intercom_limit=None, chartmogul_limit=None, chartmogul_parallel=None)
    account = SandboxAccount(seed=seed, customers=customers, contacts=contacts, region=region)
    host, port = address
    try:
        asyncio.run(_run(Sandbox(account, options), host=host, port=port))
    except OSError as problem:
        raise click.ClickException(f"cannot serve at {host}:{port}: {problem.strerror or problem}") from problem


def _require_extra() -> None:
    """Check that what the sandbox needs is installed.

    Raises:
        click.ClickException: It is not.
    """
    for module in _EXTRA:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as missing:
            raise click.ClickException(
                f"the sandbox needs {module}, which comes with the extra `sandbox`: install it "
                "from a checkout with `pip install '.[sandbox]'` or `uv tool install '.[sandbox]'`, or use the image"
            ) from missing


async def _run(sandbox: "Sandbox", *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    from mogulsync.sandbox import serve  # noqa: PLC0415 - needs the extra

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(sandbox, host=host, port=port) as urls:
        _print(sandbox.account, urls)
        await stop.wait()


def _print(account: "SandboxAccount", urls: "Urls") -> None:
    from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, CLIENT_ID, CLIENT_SECRET  # noqa: PLC0415 - needs the extra

    lines = {
        "ChartMogul": urls.chartmogul,
        "  API key": API_KEY,
        "Intercom": urls.intercom,
        "  access token": ACCESS_TOKEN,
        "  OAuth client id": CLIENT_ID,
        "  OAuth client secret": CLIENT_SECRET,
        "  authorize page": urls.authorize,
        "  token endpoint": urls.token,
        "Data": f"{account.customer_count} customers, {account.contact_count} contacts, "
        f"seed {account.seed}; all made up",
        "Health": f"{urls.root}/healthz",
    }
    for name, value in lines.items():
        click.echo(f"{name + ':':<23}{value}")
