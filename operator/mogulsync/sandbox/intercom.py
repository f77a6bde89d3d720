"""Intercom's API over an account: the admin, contacts, search and data attributes.

Paths, bodies and errors are those of Intercom's OpenAPI description, version 2.16, where it gives them.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mogulsync.sandbox import pagination
from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.answers import JsonAnswer
from mogulsync.sandbox.attributes import MODELS, AttributeRejectedError, unknown_attribute
from mogulsync.sandbox.contacts import ContactForm, SandboxContact, contact_json
from mogulsync.sandbox.oauth import Authorization
from mogulsync.sandbox.search import ContactSearch, SearchRejectedError, SearchRules, found_after

_MOST_PER_PAGE: Final = 150
_LISTED: Final = 10
"""Default size of a page of the list."""
_FOUND: Final = 50
"""Default size of a page of the search."""
_VERSION: Final = re.compile(r"1\.[0-4]|2\.([0-9]|1[0-7])|Preview|Unstable")
_GONE_SINCE: Final = 16
"""The minor version since which a merged contact is 410 and not 404."""
_ROLES: Final = ("user", "lead")
_NULL_REFUSED: Final = "Custom attribute value must be of type Numeric, String or Boolean"

_CODES: Final = {
    400: ("bad_request", "Bad Request"),
    401: ("unauthorized", "Access Token Invalid"),
    403: ("forbidden", "You do not have permission to do this"),
    404: ("not_found", "The requested resource was not found"),
    405: ("method_not_allowed", "The requested method is not allowed"),
    406: ("media_type_not_acceptable", "The Accept header should send a media type of application/json"),
    408: ("request_timeout", "The request timed out"),
    429: ("rate_limit_exceeded", "Exceeded rate limit for this resource"),
    503: ("service_unavailable", "Sorry, the API service is temporarily unavailable"),
}


def error(status: int, code: str | None = None, message: str | None = None) -> Response:
    """Return an error list with a request id, by default with the code that goes with the status."""
    usual_code, usual_message = _CODES.get(status, ("server_error", "Something went wrong"))
    request_id = str(uuid.uuid4())
    body = {
        "type": "error.list",
        "request_id": request_id,
        "errors": [{"code": code or usual_code, "message": message or usual_message}],
    }
    return JsonAnswer(body, status_code=status, headers={"X-Request-Id": request_id})


class _RequestRefusedError(Exception):
    """A request that is refused."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class IntercomRules:
    """How Intercom's side behaves where its description leaves it open.

    Attributes:
        search: How search settles what is not documented.
        leads_refuse_null: Whether null is refused as a lead's custom attribute, as Intercom once did (intercom-node
            issue 215); blank text then clears.
        attribute_write_lag: Seconds until a created attribute can be written.
        attribute_list_lag: Seconds until a created attribute is listed.
        form: In which form contacts are given.
    """

    search: SearchRules
    leads_refuse_null: bool
    attribute_write_lag: float
    attribute_list_lag: float
    form: ContactForm


class IntercomApi:
    """Answers Intercom's requests from an account; `app` is the ASGI application.

    Args:
        account: What it reads and writes.
        rules: How it settles what is left open.
        authorization: Its OAuth side.
        clock: Gives the time in unix seconds.
    """

    def __init__(
        self,
        account: SandboxAccount,
        rules: IntercomRules,
        authorization: Authorization,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._account = account
        self._rules = rules
        self._search = ContactSearch(account, rules.search)
        self._clock = clock
        router = Router(
            [
                Route("/me", self._me),
                Route("/contacts", self._contacts),
                Route("/contacts", self._create, methods=["POST"]),
                Route("/contacts/search", self._find, methods=["POST"]),
                Route("/contacts/find_by_external_id/{external_id:path}", self._by_external_id),
                Route("/contacts/{identifier}", self._contact),
                Route("/contacts/{identifier}", self._update, methods=["PUT"]),
                Route("/data_attributes", self._attributes),
                Route("/data_attributes", self._create_attribute, methods=["POST"]),
                Route("/data_attributes/{identifier}", self._change_attribute, methods=["PUT"]),
            ],
            redirect_slashes=False,
        )
        self.app: ASGIApp = Starlette(
            routes=[
                Route("/oauth", authorization.page),
                Route("/oauth", authorization.decide, methods=["POST"]),
                Route("/auth/eagle/token", authorization.token, methods=["POST"]),
                Mount("/", app=_BearerTokenMiddleware(router, account)),
            ],
            exception_handlers={
                HTTPException: _http_error,
                RecursionError: _refused,
                AttributeRejectedError: _refused,
                SearchRejectedError: _refused,
                _RequestRefusedError: _refused,
            },
        )

    async def _me(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint gets the request
        return JsonAnswer(
            {
                "type": "admin",
                "id": "991267459",
                "email": "admin@example.com",
                "name": "Sandbox Admin",
                "email_verified": True,
                "app": {
                    "type": "app",
                    "id_code": self._account.workspace_id,
                    "name": self._account.name,
                    "created_at": 1_600_000_000,
                    "secure": False,
                    "identity_verification": False,
                    "timezone": self._account.time_zone,
                    "region": self._account.region,
                },
                "avatar": {"type": "avatar", "image_url": None},
                "has_inbox_seat": True,
            }
        )

    async def _contacts(self, request: Request) -> Response:
        query = request.query_params
        size = _page_size(query, default=_LISTED)
        after = query.get("starting_after")
        start = pagination.index_place(after, 2) if after else None
        if after and start is None:
            raise _RequestRefusedError("parameter_invalid", "Cursor is invalid")
        if start is None:  # page numbers are documented up to version 2.11
            number = pagination.page_number(query, default=1)
            if number is None:
                raise _RequestRefusedError("parameter_invalid", "Page is invalid")
            start = [self._account.contact_index_at((number - 1) * size), number]
        index, page = start
        found: list[SandboxContact] = []
        more = None
        for at, contact in self._account.contacts(index):
            if len(found) == size:
                more = pagination.cursor(at, page + 1)
                break
            found.append(contact)
        return self._list(request, found, total=self._account.contact_count, page=page, size=size, more=more)

    async def _find(self, request: Request) -> Response:
        body = await _body(request)
        # The cursor counts in the body only: the real one ignores it in the URL (community.intercom.com, 2038).
        wanted, sort = body.get("pagination") or {}, body.get("sort")
        if not isinstance(wanted, dict):
            raise _RequestRefusedError("parameter_invalid", "pagination must be an object")
        size = _page_size(wanted, default=_FOUND)
        after = wanted.get("starting_after")
        start = pagination.place(str(after), 3) if after else None
        if after and start is None:
            raise _RequestRefusedError("parameter_invalid", "Cursor is invalid")
        found = self._search.find(body.get("query"), sort, now=self._clock())
        try:
            rest = found if start is None else found_after(found, (start[0], start[1]), sort)
        except (TypeError, ValueError):
            raise _RequestRefusedError("parameter_invalid", "Cursor is invalid") from None
        page = pagination.page_number({"page": start[2] if start else None}, default=1)
        if page is None:
            raise _RequestRefusedError("parameter_invalid", "Cursor is invalid")
        shown = rest[:size]
        more = pagination.cursor(*shown[-1][0], page + 1) if len(rest) > size else None
        contacts = [contact for _, contact in shown]
        return self._list(request, contacts, total=len(found), page=page, size=size, more=more)

    def _list(
        self, request: Request, contacts: list[SandboxContact], *, total: int, page: int, size: int, more: str | None
    ) -> Response:
        about: dict[str, Any] = {"type": "pages", "page": page, "per_page": size, "total_pages": -(-total // size)}
        if more is not None:
            about["next"] = {"page": page + 1, "starting_after": more}
        data = ",".join(self._json(request, contact) for contact in contacts)
        body = f'{{"type":"list","data":[{data}],"total_count":{total},"pages":{json.dumps(about)}}}'
        return Response(body, media_type="application/json")

    def _json(self, request: Request, contact: SandboxContact) -> str:
        text = contact_json(contact, self._account.workspace_id, self._account.attributes, self._rules.form)
        if request.query_params.get("include_merge_history") != "true" or contact.role != "user":
            return text
        history = [
            {
                "type": "contact_merge_history_item",
                "source_contact_id": merged,
                "source_contact_role": "lead",
                "merged_at": contact.updated_at,
            }
            for merged in self._account.merged_from(contact.id)
        ]
        return f'{text[:-1]},"merge_history":{json.dumps(history)}}}'

    async def _create(self, request: Request) -> Response:
        """Create a contact as the description says; a conflict is worded as by Intercom-OpenAPI's issue 543."""
        body = await _body(request)
        own = _own_values(body)
        if not any(own.get(key) for key in ("email", "external_id", "role")):
            raise _RequestRefusedError("parameter_missing", "email, external_id or role is required")
        same = self._same_user(own)
        if same is not None:
            message = f"A contact matching those details already exists with id={same.id}"
            raise _RequestRefusedError("conflict", message, status=409)
        values = _custom_attributes(body)
        self._account.check_attributes(values)
        now = self._clock()
        contact = self._account.add_contact(**{key: own[key] for key in own if own[key] is not None}, now=now)
        if values:
            contact = self._account.write_attributes(contact.id, values, now=int(now))
        self._account.change_contact(contact.id, created_at=int(now), updated_at=int(now))
        text = self._json(request, self._account.contact(contact.id) or contact)
        return Response(f'{text[:-1]},"enabled_push_messaging":null}}', media_type="application/json")

    def _same_user(self, own: dict[str, Any]) -> SandboxContact | None:
        """Return the user whom a new one would double, by external id, or by email where it has no external id."""
        if own.get("role") == "lead":
            return None
        field = "external_id" if own.get("external_id") else "email"
        for index in sorted(self._account.candidate_contacts(field, [own.get(field)]) or ()):
            contact = self._account.contact_at(index)
            if contact is not None and contact.role == "user" and getattr(contact, field) == own[field]:
                return contact
        return None

    async def _contact(self, request: Request) -> Response:
        contact = self._account.contact(request.path_params["identifier"])
        return self._gone(request) if contact is None else self._one(request, contact)

    async def _by_external_id(self, request: Request) -> Response:
        external_id = request.path_params["external_id"]
        for index in sorted(self._account.candidate_contacts("external_id", [external_id]) or ()):
            contact = self._account.contact_at(index)
            if contact is not None and contact.role == "user" and contact.external_id == external_id:
                return self._one(request, contact)
        return _missing(request, merged_into=self._account.external_id_merged_into(external_id))

    async def _update(self, request: Request) -> Response:
        identifier = request.path_params["identifier"]
        body = await _body(request)
        contact = self._account.contact(identifier)
        if contact is None:
            return self._gone(request)
        values = _custom_attributes(body)
        if self._rules.leads_refuse_null and contact.role == "lead" and None in values.values():
            raise _RequestRefusedError("parameter_invalid", _NULL_REFUSED)
        now = self._clock()
        self._refuse_new_attributes(values, now=now)
        if values:
            contact = self._account.write_attributes(identifier, values, now=int(now))
        own = _own_values(body)
        if own:
            contact = self._account.change_contact(identifier, updated_at=int(now), **own)
        return self._one(request, contact)

    def _refuse_new_attributes(self, values: dict[str, Any], *, now: float) -> None:
        for name in values:
            attribute = self._account.attributes.custom(name)
            if attribute is not None and attribute.known_at + self._rules.attribute_write_lag > now:
                raise AttributeRejectedError(unknown_attribute(name))

    def _gone(self, request: Request) -> Response:
        return _missing(request, merged_into=self._account.merged_into(request.path_params["identifier"]))

    def _one(self, request: Request, contact: SandboxContact) -> Response:
        return Response(self._json(request, contact), media_type="application/json")

    async def _attributes(self, request: Request) -> Response:
        model = request.query_params.get("model")
        if model == "conversation":
            message = "model=conversation is no longer supported. Use GET /conversations/attributes instead"
            raise _RequestRefusedError("parameter_invalid", message, status=422)
        if model not in (None, *MODELS):
            raise _RequestRefusedError(
                "parameter_invalid", "The Data Attribute model field must be either contact or company"
            )
        archived_too = request.query_params.get("include_archived") == "true"
        latest = self._clock() - self._rules.attribute_list_lag
        data = [
            attribute.to_json()
            for attribute in self._account.attributes
            if model in (None, attribute.model)
            and (archived_too or not attribute.archived)
            and attribute.known_at <= latest
        ]
        return JsonAnswer({"type": "list", "data": data})

    async def _create_attribute(self, request: Request) -> Response:
        attribute = self._account.attributes.create(await _body(request), now=self._clock())
        return JsonAnswer(attribute.to_json())

    async def _change_attribute(self, request: Request) -> Response:
        identifier = request.path_params["identifier"]
        number = pagination.whole_number(identifier, -1)
        changed = self._account.attributes.change(-1 if number is None else number, await _body(request))
        return JsonAnswer(changed.to_json())


class _BearerTokenMiddleware:
    """Lets requests with the access token, a known version and a JSON Accept header through; refuses others."""

    def __init__(self, app: ASGIApp, account: SandboxAccount) -> None:
        self._app = app
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._refusal(Request(scope)) or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token.strip() != self._account.access_token:
            return error(401)
        version = request.headers.get("intercom-version")
        if version is not None and not _VERSION.fullmatch(version):
            return error(400, "intercom_version_invalid", "The requested version could not be found")
        accepted = request.headers.get("accept", "*/*")
        if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
            return error(406)
        return None


async def _http_error(request: Request, problem: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    return error(problem.status_code if isinstance(problem, HTTPException) else 500)


async def _refused(request: Request, problem: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    if isinstance(problem, AttributeRejectedError | _RequestRefusedError):
        return error(problem.status, problem.code, problem.message)
    if isinstance(problem, SearchRejectedError):
        return error(400, problem.code, problem.message)
    if isinstance(problem, RecursionError):  # JSON nested so deep that Python does not parse or print it
        return error(400)
    raise problem


def _page_size(values: Mapping[str, Any], *, default: int) -> int:
    size = pagination.page_size(values, default=default, most=_MOST_PER_PAGE)
    if size is None:
        asked = pagination.whole_number(values.get("per_page"), default)
        raise _RequestRefusedError("parameter_invalid", f"Per Page is too {'big' if (asked or 0) > 0 else 'small'}")
    return size


def _own_values(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a body says of a contact's own fields.

    Raises:
        _RequestRefusedError: A value is no text, or the role is none.
    """
    own: dict[str, Any] = {key: body[key] for key in ("email", "external_id", "name", "phone", "role") if key in body}
    for key, value in own.items():
        if value is not None and not isinstance(value, str):
            raise _RequestRefusedError("type_mismatch", f"{key} must be a string")
    if own.get("role", "user") not in _ROLES:
        raise _RequestRefusedError("parameter_invalid", "role must be user or lead")
    return own


def _custom_attributes(body: dict[str, Any]) -> dict[str, Any]:
    values = body.get("custom_attributes") or {}
    if not isinstance(values, dict):
        raise _RequestRefusedError("type_mismatch", "custom_attributes must be an object")
    return values


def _missing(request: Request, *, merged_into: str | None) -> Response:
    """Return that there is no such contact, or, since version 2.16, which one it was merged into."""
    version = request.headers.get("intercom-version", "2.16")
    older = version.startswith(("1.", "2.")) and int(version.partition(".")[2]) < _GONE_SINCE
    if merged_into is None or older:
        return error(404, "not_found", "User Not Found")
    response = error(
        410, "contact_merged", "This contact has been merged. See the 'Link' header for the canonical contact."
    )
    response.headers["Link"] = f'</contacts/{merged_into}>; rel="canonical"'
    return response


async def _body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object.

    Raises:
        _RequestRefusedError: The body is none.
    """
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as broken:
        raise _RequestRefusedError("bad_request", "Bad Request") from broken
    if not isinstance(body, dict):
        raise _RequestRefusedError("bad_request", "Bad Request")
    return body
