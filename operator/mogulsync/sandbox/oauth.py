"""Intercom's OAuth: the page that asks the person, and the exchange of its code for a token."""

import hmac
import html
import json
import secrets
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from mogulsync.sandbox.account import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, SandboxAccount

_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Authorise access</title>
<style>body{{font:16px system-ui;max-width:32em;margin:4em auto}}button{{font:inherit;padding:.5em 1em}}</style>
</head>
<body>
<h1>Authorise access</h1>
<p>An app wants to read and write the contacts of the workspace <b>{workspace}</b>. Everything here is made up.</p>
<form method="post">
{fields}
<button name="decision" value="approve">Authorise access</button>
<button name="decision" value="deny">Cancel</button>
</form>
</body>
</html>
"""


class Authorisation:
    """The authorisation-code flow of one workspace. A code works once."""

    def __init__(self, account: SandboxAccount) -> None:
        self._account = account
        self._codes: set[str] = set()

    async def page(self, request: Request) -> Response:
        """Ask the person; with `decision=approve` in the query there is nobody to ask, and it redirects at once."""
        asked = dict(request.query_params)
        refusal = _refusal(asked)
        if refusal is not None:
            return refusal
        if "decision" in asked:
            return self._redirect(asked)
        fields = "\n".join(
            f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">'
            for name in ("client_id", "redirect_uri", "state")
            if name in asked
        )
        return HTMLResponse(_PAGE.format(workspace=html.escape(self._account.name), fields=fields))

    async def decide(self, request: Request) -> Response:
        """Send the person's browser back with a code, or with the refusal."""
        asked = dict(request.query_params) | _form(await request.body())
        return _refusal(asked) or self._redirect(asked)

    async def token(self, request: Request) -> Response:
        """LoggedRequest a code for the access token; the body may be JSON or a form."""
        raw = await request.body()
        if "json" in request.headers.get("content-type", ""):
            try:
                asked = json.loads(raw)
            except ValueError:
                asked = None
        else:
            asked = _form(raw)
        if not isinstance(asked, dict):
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        if asked.get("client_id") != CLIENT_ID or not hmac.compare_digest(
            str(asked.get("client_secret", "")).encode(), CLIENT_SECRET.encode()
        ):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        if asked.get("code") not in self._codes:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        self._codes.discard(asked["code"])
        self._account.access_token = ACCESS_TOKEN
        return JSONResponse({"token_type": "Bearer", "token": ACCESS_TOKEN, "access_token": ACCESS_TOKEN})

    def _redirect(self, asked: dict[str, str]) -> Response:
        answer = {"state": asked["state"]} if "state" in asked else {}
        if asked.get("decision") == "approve":
            code = secrets.token_urlsafe(24)
            self._codes.add(code)
            answer = {"code": code, **answer}
        else:
            answer = {"error": "access_denied", **answer}
        joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
        return RedirectResponse(f"{asked['redirect_uri']}{joint}{urlencode(answer)}", status_code=302)


def _form(body: bytes) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _refusal(asked: dict[str, str]) -> Response | None:
    """Return a page that says what is wrong with the app's request, if anything is."""
    if asked.get("client_id") != CLIENT_ID:
        return HTMLResponse(f"<p>Unknown client_id. The sandbox's is <code>{CLIENT_ID}</code>.</p>", status_code=400)
    target = urlsplit(asked.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or not target.netloc:
        return HTMLResponse("<p>The redirect_uri is missing or no http(s) URL.</p>", status_code=400)
    return None
