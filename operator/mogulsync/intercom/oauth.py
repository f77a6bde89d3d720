"""Intercom's OAuth 2.0 authorization-code flow: the address to visit, its answer, and the code's exchange for a token.

Source: Intercom's page "Setting up OAuth" (developers.intercom.com). Permissions are chosen in the Developer Hub, so
there is no scope; a token does not expire, so there is no refresh.

    AuthorizationError
    ├── DeniedError          the person said no
    ├── WrongStateError      the answer belongs to another request
    ├── ClientRefusedError   Intercom refuses the client id or secret
    ├── CodeRefusedError     Intercom refuses the code
    └── NoAnswerError        the token endpoint gave no usable answer

Messages hold no code, token, secret or state.
"""

import secrets
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit, urlunsplit

import httpx2
from oauthlib.oauth2 import WebApplicationClient
from oauthlib.oauth2.rfc6749 import errors

from mogulsync import __version__

Region = Literal["US", "EU", "AU"]

AUTHORIZE_URLS: Final[dict[Region, str]] = {
    "US": "https://app.intercom.com/oauth",
    "EU": "https://app.eu.intercom.com/oauth",
    "AU": "https://app.au.intercom.com/oauth",
}
"""Where a person authorizes an app, by the region that hosts the workspace."""

TOKEN_URL: Final = "https://api.intercom.io/auth/eagle/token"  # noqa: S105 - an address
"""Exchanges codes for tokens; the same for all regions."""

_STATE_BYTES: Final = 32
_TIMEOUT_SECONDS: Final = 30.0
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_SERVER_ERROR: Final = 500


class AuthorizationError(Exception):
    """The flow did not end with a token; the text names why, and the fix."""


class DeniedError(AuthorizationError):
    """The person, or Intercom, said no."""


class WrongStateError(AuthorizationError):
    """The answer does not carry the state of the request."""


class ClientRefusedError(AuthorizationError):
    """Intercom refuses the client id or the client secret."""


class CodeRefusedError(AuthorizationError):
    """Intercom refuses the code, or there is none."""


class NoAnswerError(AuthorizationError):
    """The token endpoint is not reached, or its answer makes no sense."""


@dataclass(frozen=True, kw_only=True)
class OAuthApp:
    """An app as registered in Intercom's Developer Hub."""

    client_id: str
    client_secret: str
    redirect_uri: str
    """Where Intercom sends the person's browser; one of those that the app has registered."""
    authorize_url: str
    token_url: str = TOKEN_URL

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return f"OAuthApp(client_id={self.client_id!r}, redirect_uri={self.redirect_uri!r})"


def new_state() -> str:
    """Return a value that nobody can guess, to know the answer to one request by."""
    return secrets.token_urlsafe(_STATE_BYTES)


def authorization_address(app: OAuthApp, *, state: str) -> str:
    """Return the address at which a person authorizes the app."""
    client = WebApplicationClient(app.client_id)
    built = client.prepare_request_uri(_with_scheme(app.authorize_url, "https"), app.redirect_uri, state=state)
    return _with_scheme(str(built), urlsplit(app.authorize_url).scheme)


def code_in(address: str, app: OAuthApp, *, state: str) -> str:
    """Return the code in the address that the browser was sent to.

    Raises:
        DeniedError: The answer is no.
        WrongStateError: It answers another request.
        CodeRefusedError: It holds no code.
    """
    client = WebApplicationClient(app.client_id)
    try:
        answer = client.parse_request_uri_response(_with_scheme(address, "https"), state=state)
    except errors.MismatchingStateError:
        raise WrongStateError(
            "the answer's state is not the one that was sent: it belongs to another attempt, or somebody interferes; "
            "nothing was stored, start again"
        ) from None
    except errors.MissingCodeError:
        raise CodeRefusedError("the address holds no code; copy all of it from the browser's address bar") from None
    except errors.AccessDeniedError:
        raise DeniedError("access was denied in Intercom; start again and choose to authorize") from None
    except errors.OAuth2Error as error:
        raise DeniedError(f"Intercom refused the request ({_word(error)}); see the app in the Developer Hub") from None
    except ValueError:
        raise CodeRefusedError("this is not an address; copy all of it from the browser's address bar") from None
    return str(answer["code"])


async def exchange(app: OAuthApp, code: str) -> str:
    """Return the access token that Intercom gives for the code.

    Raises:
        ClientRefusedError: Intercom refuses the client.
        CodeRefusedError: Intercom refuses the code.
        NoAnswerError: No usable answer.
    """
    client = WebApplicationClient(app.client_id)
    body = client.prepare_request_body(
        code=code, redirect_uri=app.redirect_uri, client_secret=app.client_secret, include_client_id=True
    )
    host = urlsplit(app.token_url).netloc
    try:
        async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False) as http:
            response = await http.post(
                app.token_url,
                content=body,
                headers={
                    "Accept": "application/json",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "User-Agent": f"mogulsync/{__version__}",
                },
            )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NoAnswerError(
            f"the token endpoint at {host} is not reached ({type(error).__name__}); try again"
        ) from None
    if response.status_code >= _SERVER_ERROR:
        raise NoAnswerError(f"the token endpoint at {host} answers with status {response.status_code}; try again later")
    try:
        token = client.parse_request_body_response(response.text).get("access_token")
    except errors.InvalidClientError:
        raise _client_refused() from None
    except errors.OAuth2Error as error:
        raise _refused(response.status_code, _word(error)) from None
    except (ValueError, TypeError, AttributeError):
        raise _refused(response.status_code, "no OAuth answer") from None
    if not isinstance(token, str) or not token:
        raise NoAnswerError(f"the token endpoint at {host} gave no token; see --token-url")
    return token


def _refused(status: int, word: str) -> AuthorizationError:
    if status == _UNAUTHORIZED:
        return _client_refused()
    if status >= _BAD_REQUEST:
        return CodeRefusedError(
            f"Intercom does not exchange the code ({word}): it works once and for minutes only, and the redirect URI "
            "must be one that the app has registered; start again"
        )
    return NoAnswerError(f"the token endpoint gave an answer without a token ({word}); see --token-url")


def _client_refused() -> ClientRefusedError:
    return ClientRefusedError(
        "Intercom refuses the client id or the client secret; compare INTERCOM_CLIENT_ID and INTERCOM_CLIENT_SECRET "
        "with the app's Basic information in the Developer Hub"
    )


def _word(error: errors.OAuth2Error) -> str:
    """Return OAuth's own word for an error, never the server's text."""
    return str(type(error).error or type(error).__name__)


def _with_scheme(address: str, scheme: str) -> str:
    """Return the address with another scheme: oauthlib takes https alone, and what is local has http."""
    return urlunsplit(urlsplit(address.strip())._replace(scheme=scheme))
