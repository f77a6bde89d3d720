"""`mogulsync connect`: get a credential, verify it, and hand it on as a Secret's manifest or apply it."""

import select
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import click

from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.reach import Reach
from mogulsync.commands.clusterarguments import Duration, reach_options
from mogulsync.commands.running import RefusedError, run

if TYPE_CHECKING:
    from mogulsync.intercom.oauth import OAuthApp

CALLBACK: Final = "https://localhost:8976/callback"
"""Redirect URI by default: the address to register with Intercom."""
_PORT: Final = 8976
_HIGHEST_PORT: Final = 65535
_TIMEOUT: Final = timedelta(seconds=300)
_CHARTMOGUL_URL: Final = "https://api.chartmogul.com/v1"
_ATTEMPTS: Final = 3
_VERIFY_SECONDS: Final = 60.0
_FIELD_MANAGERS: Final = {"intercom": "mogulsync-connect-intercom", "chartmogul": "mogulsync-connect-chartmogul"}
_KEYS: Final = {"intercom": "access-token", "chartmogul": "api-key"}

Side = Literal["intercom", "chartmogul"]


class Target(NamedTuple):
    """Where the credential goes."""

    side: Side
    name: str
    reach: Reach
    apply: bool


@click.group(
    "connect",
    epilog="""\b
Examples:
  mogulsync connect intercom --apply -n sales
  mogulsync connect chartmogul --apply -n sales""",
)
def command() -> None:
    """Get credentials from a person, verify them, and put them into Secrets.

    The credential is never shown, never an argument, and never in a file that others can read. Without --apply the
    Secret's manifest goes to standard output, which must not be a terminal.
    """


@command.command(
    "intercom",
    epilog="""\b
Examples:
  mogulsync connect intercom --apply -n sales
  mogulsync connect intercom --region EU > intercom-secret.yaml
  mogulsync connect intercom --token --apply < token.txt

\b
INTERCOM_CLIENT_ID and INTERCOM_CLIENT_SECRET are those of the app in Intercom's Developer Hub, where
https://localhost:8976/callback has to be registered as redirect URL. --token needs neither.""",
)
@click.option("--apply", "applied", is_flag=True, help="Apply the Secret to the cluster, and print no manifest.")
@click.option("--token", "private", is_flag=True, help="Read a private app's access token from standard input.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser; the URL is printed in any case.")
@click.option("--paste", is_flag=True, help="Start no server; ask for the address that the browser ended at.")
@click.option(
    "--redirect-uri",
    metavar="URL",
    help=f"Address to come back to, as registered with Intercom. Default: {CALLBACK}. https:// or http:// of localhost "
    "or 127.0.0.1 is served here; any other is pasted.",
)
@click.option("--port", type=click.IntRange(0, _HIGHEST_PORT), metavar="N", help="Port of the default --redirect-uri.")
@click.option(
    "--region", type=click.Choice(["US", "EU", "AU"]), default="US", show_default=True, help="Host of the workspace."
)
@click.option("--url", metavar="URL", help="Intercom's API, instead of the region's.")
@click.option("--authorize-url", metavar="URL", help="Intercom's authorize page, instead of the region's.")
@click.option("--token-url", metavar="URL", help="Intercom's token endpoint.")
@click.option("--name", default="intercom", show_default=True, metavar="NAME", help="Name of the Secret.")
@click.option("--timeout", type=Duration(), default="5m", show_default=True, help="How long to wait for the person.")
@reach_options
def intercom(
    *,
    applied: bool,
    private: bool,
    no_browser: bool,
    paste: bool,
    redirect_uri: str | None,
    port: int | None,
    region: Literal["US", "EU", "AU"],
    url: str | None,
    authorize_url: str | None,
    token_url: str | None,
    name: str,
    timeout: timedelta,
    reach: Reach,
) -> None:
    """Connect with Intercom: log in, say yes, and the access token goes into a Secret.

    Exit codes: 0 done, 1 not verified or not applied, 2 wrong command line or missing client id, 4 denied, wrong state,
    time-out, or client, code or token refused.
    """
    target = Target("intercom", name, reach, applied)
    _check(target)
    urls = {"--url": url, "--authorize-url": authorize_url, "--token-url": token_url, "--redirect-uri": redirect_uri}
    _check_urls(urls)
    if redirect_uri is not None and port is not None:
        raise click.UsageError("--port is for the default redirect URI; put the port into --redirect-uri")
    if private:
        token = _credential("access token")
    else:
        from mogulsync.intercom.oauth import AUTHORIZE_URLS, TOKEN_URL  # noqa: PLC0415 - slow to import

        address = redirect_uri or CALLBACK.replace(str(_PORT), str(_PORT if port is None else port))
        app = _app(address, authorize_url or AUTHORIZE_URLS[region], token_url or TOKEN_URL)
        login = _Login(app, paste=paste, browser=not no_browser, seconds=timeout.total_seconds())
        run(_connect(target, login, url, region), interrupted="stopped; nothing was stored")
        return
    run(_verify_and_store(target, token, url, region), interrupted="stopped; nothing was stored")


@command.command(
    "chartmogul",
    epilog="""\b
Examples:
  mogulsync connect chartmogul --apply -n sales        asks for the key, without showing it
  mogulsync connect chartmogul < key.txt > chartmogul-secret.yaml

\b
The key: ChartMogul, Profile, API keys; one that may only read is enough.""",
)
@click.option("--apply", "applied", is_flag=True, help="Apply the Secret to the cluster, and print no manifest.")
@click.option("--url", metavar="URL", default=_CHARTMOGUL_URL, show_default=True, help="ChartMogul's API.")
@click.option("--name", default="chartmogul", show_default=True, metavar="NAME", help="Name of the Secret.")
@reach_options
def chartmogul(*, applied: bool, url: str, name: str, reach: Reach) -> None:
    """Put a ChartMogul API key, read from standard input, into a Secret.

    Exit codes: 0 done, 1 not verified or not applied, 2 wrong command line or no key, 4 key refused.
    """
    target = Target("chartmogul", name, reach, applied)
    _check(target)
    _check_urls({"--url": url})
    key = _credential("API key")
    run(_verify_and_store_key(target, key, url), interrupted="stopped; nothing was stored")


# --- before anything is asked ---


def _check(target: Target) -> None:
    from mogulsync.connect.secret import CannotWriteError, is_name, make_private  # noqa: PLC0415 - not for --help

    if not is_name(target.name):
        raise click.BadParameter(
            f"{target.name!r} is no name of a Secret: small letters, digits, - and .", param_hint="--name"
        )
    if not target.apply:
        try:
            make_private(sys.stdout)
        except CannotWriteError as error:
            raise click.UsageError(str(error)) from None


def _check_urls(urls: dict[str, str | None]) -> None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - not for --help

    for option, url in urls.items():
        if url is None:
            continue
        try:
            parts = urlsplit(url)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
        except ValueError:
            good = False
        if not good or url != url.strip():
            raise click.BadParameter("give a whole http(s) URL", param_hint=option)


def _credential(what: str) -> str:
    """Return the credential that standard input holds; on a terminal it is asked for and not shown."""
    if sys.stdin.isatty():
        text: str = click.prompt(what, hide_input=True, err=True)
    else:
        try:
            text = sys.stdin.read()
        except UnicodeDecodeError:
            text = ""
    credential = text.strip()
    if not credential:
        raise click.UsageError(f"standard input holds no {what}; pipe it in, or run this on a terminal to be asked")
    if len(credential.split()) > 1 or not credential.isprintable():
        raise click.UsageError(f"what standard input holds is no {what}: it has blanks or several lines")
    return credential


def _app(redirect_uri: str, authorize_url: str, token_url: str) -> "OAuthApp":
    import os  # noqa: PLC0415 - beside the others

    from mogulsync.intercom.oauth import OAuthApp  # noqa: PLC0415 - slow to import

    names = ("INTERCOM_CLIENT_ID", "INTERCOM_CLIENT_SECRET")
    values = [os.environ.get(name, "").strip() for name in names]
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        raise click.UsageError(
            f"not set or empty: {', '.join(missing)}; take them from your app in Intercom's Developer Hub, or use "
            "--token with a private app's access token"
        )
    return OAuthApp(
        client_id=values[0],
        client_secret=values[1],
        redirect_uri=redirect_uri,
        authorize_url=authorize_url,
        token_url=token_url,
    )


# --- the login ---


class _Login(NamedTuple):
    app: "OAuthApp"
    paste: bool
    browser: bool
    seconds: float


async def _connect(target: Target, login: _Login, url: str | None, region: Any) -> None:
    from mogulsync.connect.callback import is_local  # noqa: PLC0415 - slow to import
    from mogulsync.intercom.oauth import code_in, exchange, new_state  # noqa: PLC0415 - as above

    state = new_state()
    if login.paste or not is_local(login.app.redirect_uri):
        with _refusals():
            address = _pasted(login, state)
            token = await exchange(login.app, code_in(address, login.app, state=state))
        await _verify_and_store(target, token, url, region)
        return
    await _connect_by_server(target, login, url, region, state)


async def _connect_by_server(target: Target, login: _Login, url: str | None, region: Any, state: str) -> None:
    import asyncio  # noqa: PLC0415 - beside the others
    import dataclasses  # noqa: PLC0415 - as above

    from mogulsync.connect.callback import CannotListenError, listening  # noqa: PLC0415 - slow to import
    from mogulsync.connect.certificate import self_signed_certificate  # noqa: PLC0415 - as above
    from mogulsync.intercom.oauth import code_in, exchange  # noqa: PLC0415 - as above

    certificate = self_signed_certificate() if login.app.redirect_uri.startswith("https:") else None
    try:
        async with listening(login.app.redirect_uri, certificate.context if certificate else None) as server:
            app = dataclasses.replace(login.app, redirect_uri=server.redirect_uri)
            _invite(login._replace(app=app), state)
            if certificate is not None:
                click.echo(
                    "Your browser will warn of the certificate of localhost: it was made for this login alone "
                    f"(SHA-256 {certificate.fingerprint[:23]}…). Continue.",
                    err=True,
                )
            try:
                with _refusals():
                    async with asyncio.timeout(login.seconds):
                        address = await server.address()
                    token = await exchange(app, code_in(address, app, state=state))
                await _verify_and_store(target, token, url, region)
            except (click.ClickException, ClusterProblemError) as error:
                text = error.format_message() if isinstance(error, click.ClickException) else str(error)
                await server.answer("Not connected", f"{text}.")
                raise
            await server.answer("Connected", "You can close this window.")
    except CannotListenError as error:
        raise click.ClickException(str(error)) from None


class _refusals:  # noqa: N801 - used like a function
    """Turns what may go wrong in a login into messages and exit codes."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from mogulsync.intercom.oauth import AuthorizationError, NoAnswerError  # noqa: PLC0415 - slow to import

        if isinstance(error, TimeoutError):
            raise RefusedError(
                "nobody came back from Intercom in time; start again, and give --timeout more, or --paste when the "
                "browser cannot reach this machine"
            ) from None
        if isinstance(error, NoAnswerError):
            raise click.ClickException(str(error)) from None
        if isinstance(error, AuthorizationError):
            raise RefusedError(str(error)) from None


def _invite(login: _Login, state: str) -> None:
    """Print the address to visit, and open the browser there."""
    from mogulsync.intercom.oauth import authorization_address  # noqa: PLC0415 - slow to import

    address = authorization_address(login.app, state=state)
    click.echo(f"Log in to Intercom and authorize access:\n\n  {address}\n", err=True)
    if login.browser:
        # A process of its own: what a browser prints must not get into the manifest.
        subprocess.Popen(  # noqa: S603 - our own interpreter, and an address that we built
            [sys.executable, "-m", "webbrowser", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _pasted(login: _Login, state: str) -> str:
    _invite(login, state)
    click.echo("Then paste the address that the browser ended at (it may show an error there):", err=True)
    ready, _, _ = select.select([sys.stdin], [], [], login.seconds)
    if not ready:
        raise TimeoutError
    address = sys.stdin.readline().strip()
    if not address:
        raise click.ClickException("no address was pasted; start again")
    return address


# --- verified, then stored ---


async def _verify_and_store(target: Target, token: str, url: str | None, region: Any) -> None:
    from mogulsync.intercom.client import IntercomClient  # noqa: PLC0415 - slow to import
    from mogulsync.resource.syncspec import REGION_URLS  # noqa: PLC0415 - as above
    from mogulsync.transport.settings import RequestSettings  # noqa: PLC0415 - as above
    from mogulsync.transport.stats import RequestStats  # noqa: PLC0415 - as above

    settings = RequestSettings(attempts=_ATTEMPTS, total_timeout=_VERIFY_SECONDS)
    base = url or REGION_URLS[region]
    with _answers("Intercom", "token", base):
        async with IntercomClient(
            url=base, token=token, rate_limit_percent=100, stats=RequestStats(), settings=settings
        ) as client:
            workspace = await client.me()
    place = f", region {workspace.region}" if workspace.region else ""
    click.echo(f"The token is of workspace {workspace.name or 'without a name'} ({workspace.id}){place}.", err=True)
    if workspace.region and workspace.region != region:
        click.echo(f"Say so in the destination: spec.intercom.region: {workspace.region}", err=True)
    await _store(target, token)


async def _verify_and_store_key(target: Target, key: str, url: str) -> None:
    from mogulsync.chartmogul.client import ChartMogulClient  # noqa: PLC0415 - slow to import
    from mogulsync.transport.settings import RequestSettings  # noqa: PLC0415 - as above
    from mogulsync.transport.stats import RequestStats  # noqa: PLC0415 - as above

    settings = RequestSettings(attempts=_ATTEMPTS, total_timeout=_VERIFY_SECONDS)
    with _answers("ChartMogul", "key", url):
        async with ChartMogulClient(url=url, api_key=key, stats=RequestStats(), settings=settings) as client:
            await client.ping()
    click.echo("ChartMogul accepts the key.", err=True)
    await _store(target, key)


class _answers:  # noqa: N801 - used like a function
    """Turns an API's refusal of a credential into a message and an exit code."""

    def __init__(self, api: str, credential: str, url: str) -> None:
        self._api, self._credential, self._url = api, credential, url

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from mogulsync.transport.errors import (  # noqa: PLC0415 - slow to import
            ApiError,
            CredentialsRejectedError,
            SubscriptionEndedError,
        )

        if isinstance(error, SubscriptionEndedError):
            raise RefusedError(
                f"{self._api} does not accept requests ({error}); renew the subscription of the {self._api} account; "
                f"the {self._credential} is fine"
            ) from None
        if isinstance(error, CredentialsRejectedError):
            hint = "; is --region right?" if self._api == "Intercom" else ""
            raise RefusedError(
                f"{self._api} does not accept the {self._credential} ({error}); get a new one{hint}"
            ) from None
        if isinstance(error, ApiError):
            raise click.ClickException(
                f"the {self._credential} could not be verified at {self._url}: {error}; see --url, or try again"
            ) from None


async def _store(target: Target, value: str) -> None:
    """Apply the Secret, or print its manifest."""
    from mogulsync.connect.secret import manifest, secret  # noqa: PLC0415 - slow to import

    key = _KEYS[target.side]
    if not target.apply:
        body = secret(name=target.name, namespace=target.reach.namespace, key=key, value=value)
        click.echo(manifest(body), nl=False)
        return
    from mogulsync.cluster import access  # noqa: PLC0415 - slow to import

    async with access.open_access(target.reach, field_manager=_FIELD_MANAGERS[target.side]) as cluster:
        body = secret(name=target.name, namespace=cluster.namespace, key=key, value=value)
        await cluster.apply_unforced(access.SECRETS, body)
        click.echo(f"Secret {target.name} is in namespace {cluster.namespace}.", err=True)
