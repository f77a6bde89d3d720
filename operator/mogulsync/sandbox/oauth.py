"""Intercom's OAuth: the page that asks a person, and the exchange of its code for the access token."""

import hmac
import html
import json
import secrets
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mogulsync.sandbox.account import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, SandboxAccount
from mogulsync.sandbox.answers import JsonAnswer

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title} (sandbox)</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem; margin-right: .5rem }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
_QUESTION: Final = """<p>An app asks to read and write the contacts of the workspace <strong>{workspace}</strong>.
This is the sandbox: everything here is made up.</p>
<p>You will be sent back to <code>{target}</code>.</p>
<form method="post" action="?">
{fields}
<button type="submit" name="decision" value="approve">Authorize access</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>"""
_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_ASKED: Final = ("client_id", "redirect_uri", "state", "response_type")


class _Code(NamedTuple):
    """What an authorization code was issued for."""

    redirect_uri: str
    expires: float
    """Unix seconds."""


class Authorization:
    """The authorization code flow of one workspace. A code works once.

    Args:
        account: Whose access token a code is exchanged for.
        code_lifetime: Seconds that a code can be exchanged for.
        clock: Gives the time in unix seconds.
    """

    def __init__(self, account: SandboxAccount, *, code_lifetime: float, clock: Callable[[], float]) -> None:
        self._account = account
        self._code_lifetime = code_lifetime
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    async def page(self, request: Request) -> Response:
        """Ask the person; with `decision=approve` or `deny` in the query, redirect at once."""
        asked = dict(request.query_params)
        refusal = _refusal(asked)
        if refusal is not None:
            return refusal
        if "decision" in asked:
            return self._redirect(asked)
        fields = "\n".join(
            f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">'
            for name in _ASKED
            if name in asked
        )
        target = urlsplit(asked["redirect_uri"])
        content = _QUESTION.format(
            workspace=html.escape(self._account.name),
            target=html.escape(f"{target.scheme}://{target.netloc}"),
            fields=fields,
        )
        return HTMLResponse(_PAGE.format(title="Authorize access", content=content), headers=_HEADERS)

    async def decide(self, request: Request) -> Response:
        """Send the person's browser back with a code, or with `access_denied`."""
        asked = dict(request.query_params) | _form(await request.body())
        return _refusal(asked) or self._redirect(asked)

    async def token(self, request: Request) -> Response:
        """Exchange a code for the access token; the body may be JSON or a form.

        The real endpoint's errors are not documented; these are RFC 6749's.
        """
        asked = _token_request(request.headers.get("content-type", ""), await request.body())
        if asked is None:
            return _token_error("invalid_request")
        if asked.get("client_id") != CLIENT_ID or not hmac.compare_digest(
            str(asked.get("client_secret", "")).encode(errors="replace"), CLIENT_SECRET.encode()
        ):
            return _token_error("invalid_client", status=401)
        code = self._codes.pop(str(asked.get("code", "")), None)
        if code is None or code.expires <= self._clock():
            return _token_error("invalid_grant")
        if asked.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            return _token_error("invalid_grant")
        self._account.access_token = ACCESS_TOKEN
        token = {"token_type": "Bearer", "token": ACCESS_TOKEN, "access_token": ACCESS_TOKEN}
        return JsonAnswer(token, headers=_HEADERS)

    def _redirect(self, asked: dict[str, str]) -> Response:
        answer = {"state": asked["state"]} if "state" in asked else {}
        if asked.get("decision") == "approve":
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(asked["redirect_uri"], self._clock() + self._code_lifetime)
            answer = {"code": code, **answer}
        else:
            answer = {"error": "access_denied", **answer}
        joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
        target = f"{asked['redirect_uri']}{joint}{urlencode(answer)}"
        return RedirectResponse(target, status_code=302, headers=_HEADERS)


def _token_request(content_type: str, raw: bytes) -> dict[str, Any] | None:
    """Return the parameters of a token request, or None where its body is no JSON object."""
    if "json" not in content_type:
        return dict(_form(raw))
    try:
        asked = json.loads(raw)
    except ValueError:
        return None
    return asked if isinstance(asked, dict) else None


def _token_error(code: str, *, status: int = 400) -> Response:
    return JsonAnswer({"error": code}, status_code=status, headers=_HEADERS)


def _form(body: bytes) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _refusal(asked: dict[str, str]) -> Response | None:
    """Return a page that says what is wrong with the app's request, if anything is."""
    if asked.get("client_id") != CLIENT_ID:
        return _wrong(f"<p>Unknown <code>client_id</code>. The sandbox's is <code>{CLIENT_ID}</code>.</p>")
    target = urlsplit(asked.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or not target.netloc:
        return _wrong("<p>The <code>redirect_uri</code> is missing or no http(s) URL.</p>")
    return None


def _wrong(content: str) -> Response:
    page = _PAGE.format(title="This app cannot be authorized", content=content)
    return HTMLResponse(page, status_code=400, headers=_HEADERS)
