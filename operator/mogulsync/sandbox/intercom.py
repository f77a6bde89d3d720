"""Intercom's side: the admin, contacts, search and data attributes.

Paths, bodies and errors are those of Intercom's OpenAPI description, version 2.16, where it gives them.
"""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mogulsync.sandbox import pagination
from mogulsync.sandbox.account import SandboxAccount
from mogulsync.sandbox.attributes import AttributeRejectedError
from mogulsync.sandbox.contacts import SandboxContact, contact_json
from mogulsync.sandbox.oauth import Authorisation
from mogulsync.sandbox.routing import Routes
from mogulsync.sandbox.search import ContactSearch, SearchRejectedError, SearchRules, found_after

_MOST_PER_PAGE: Final = 150
_LISTED: Final = 10
"""Default size of a page of the list."""
_FOUND: Final = 50
"""Default size of a page of the search."""
_VERSION: Final = re.compile(r"1\.[0-4]|2\.([0-9]|1[0-7])|Preview|Unstable")
_TELLS_MERGED: Final = 16
"""The minor version since which a merged contact is told apart from one that does not exist."""
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
    return JSONResponse(body, status_code=status, headers={"X-Request-Id": request_id})


class IntercomApi:
    """Answers Intercom's requests out of an account.

    Args:
        account: What it tells and stores.
        rules: How search settles what is not documented.
        leads_refuse_null: Whether null is refused as a lead's custom attribute, as Intercom once did
            (intercom-node issue 215); blank text then clears.
        clock: Gives the time in unix seconds.
    """

    def __init__(
        self, account: SandboxAccount, rules: SearchRules, *, leads_refuse_null: bool, clock: Callable[[], float]
    ) -> None:
        self._account = account
        self._search = ContactSearch(account, rules)
        self._leads_refuse_null = leads_refuse_null
        self._clock = clock
        self._authorisation = Authorisation(account)
        self._public = Routes(
            ("GET", "/oauth", self._authorisation.page),
            ("POST", "/oauth", self._authorisation.decide),
            ("POST", "/auth/eagle/token", self._authorisation.token),
        )
        self._routes = Routes(
            ("GET", "/me", self._me),
            ("GET", "/contacts", self._contacts),
            ("POST", "/contacts/search", self._find),
            ("GET", "/contacts/find_by_external_id/(?P<external_id>.+)", self._by_external_id),
            ("GET", "/contacts/(?P<identifier>[^/]+)", self._contact),
            ("PUT", "/contacts/(?P<identifier>[^/]+)", self._update),
            ("GET", "/data_attributes", self._attributes),
            ("POST", "/data_attributes", self._create_attribute),
            ("PUT", "/data_attributes/(?P<identifier>[^/]+)", self._change_attribute),
        )

    async def answer(self, request: Request, path: str) -> Response:
        """Return the answer to a request whose path below the base URL is `path`."""
        handler = self._public.find(request.method, path)
        if isinstance(handler, int):
            refusal = self._refusal(request)
            if refusal is not None:
                return refusal
            handler = self._routes.find(request.method, path)
        return error(handler) if isinstance(handler, int) else await handler(request)

    def _refusal(self, request: Request) -> Response | None:
        """Return what is wrong with the request's headers, if anything is."""
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

    async def _me(self, request: Request) -> Response:  # noqa: ARG002 - every handler gets the request
        return JSONResponse(
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
        size = pagination.page_size(request.query_params, default=_LISTED, most=_MOST_PER_PAGE)
        after = request.query_params.get("starting_after")
        start = pagination.place(after, 2) if after else [0, 1]
        if size is None or start is None:
            return error(400, "parameter_invalid", "Per Page is too big" if size is None else "Cursor is invalid")
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
            return error(400, "parameter_invalid", "pagination must be an object")
        size = pagination.page_size(wanted, default=_FOUND, most=_MOST_PER_PAGE)
        if size is None:
            return error(400, "parameter_invalid", "Per Page is too big")
        after = wanted.get("starting_after")
        start = pagination.place(str(after), 3) if after else None
        if after and start is None:
            return error(400, "parameter_invalid", "Cursor is invalid")
        try:
            found = self._search.find(body.get("query"), sort, now=self._clock())
        except SearchRejectedError as refused:
            return error(400, refused.code, refused.message)
        rest = found if start is None else found_after(found, (start[0], start[1]), sort)
        page = 1 if start is None else int(start[2])
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
        told = ",".join(self._told(request, contact) for contact in contacts)
        body = f'{{"type":"list","data":[{told}],"total_count":{total},"pages":{json.dumps(about)}}}'
        return Response(body, media_type="application/json")

    def _told(self, request: Request, contact: SandboxContact) -> str:
        text = contact_json(contact, self._account.workspace_id)
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

    async def _contact(self, request: Request, identifier: str) -> Response:
        contact = self._account.contact(identifier)
        if contact is None:
            return _missing(request, merged_into=self._account.merged_into(identifier))
        return self._one(request, contact)

    async def _by_external_id(self, request: Request, external_id: str) -> Response:
        for index in sorted(self._account.contacts_that_may_have("external_id", [external_id]) or ()):
            contact = self._account.contact_at(index)
            if contact is not None and contact.role == "user" and contact.external_id == external_id:
                return self._one(request, contact)
        return _missing(request, merged_into=self._account.external_id_merged_into(external_id))

    async def _update(self, request: Request, identifier: str) -> Response:
        body = await _body(request)
        contact = self._account.contact(identifier)
        if contact is None:
            return _missing(request, merged_into=self._account.merged_into(identifier))
        values = body.get("custom_attributes") or {}
        if not isinstance(values, dict):
            return error(400, "type_mismatch", "custom_attributes must be an object")
        if self._leads_refuse_null and contact.role == "lead" and None in values.values():
            return error(400, "parameter_invalid", _NULL_REFUSED)
        now = int(self._clock())
        try:
            if values:
                contact = self._account.write_attributes(identifier, values, now=now)
        except AttributeRejectedError as refused:
            return error(refused.status, refused.code, refused.message)
        own = {key: body[key] for key in ("email", "external_id", "name", "phone", "role") if key in body}
        if own:
            contact = self._account.change_contact(identifier, updated_at=now, **own)
        return self._one(request, contact)

    def _one(self, request: Request, contact: SandboxContact) -> Response:
        return Response(self._told(request, contact), media_type="application/json")

    async def _attributes(self, request: Request) -> Response:
        model = request.query_params.get("model")
        if model == "conversation":
            return error(
                422,
                "parameter_invalid",
                "model=conversation is no longer supported. Use GET /conversations/attributes instead",
            )
        archived_too = request.query_params.get("include_archived") == "true"
        told = [
            attribute.to_json()
            for attribute in self._account.attributes
            if model in (None, attribute.model) and (archived_too or not attribute.archived)
        ]
        return JSONResponse({"type": "list", "data": told})

    async def _create_attribute(self, request: Request) -> Response:
        try:
            attribute = self._account.attributes.create(await _body(request), now=int(self._clock()))
        except AttributeRejectedError as refused:
            return error(refused.status, refused.code, refused.message)
        return JSONResponse(attribute.to_json())

    async def _change_attribute(self, request: Request, identifier: str) -> Response:
        try:
            number = int(identifier) if identifier.isdecimal() else -1
            attribute = self._account.attributes.change(number, await _body(request))
        except AttributeRejectedError as refused:
            return error(refused.status, refused.code, refused.message)
        return JSONResponse(attribute.to_json())


def _missing(request: Request, *, merged_into: str | None) -> Response:
    """Return that there is no such contact, or, since version 2.16, which one it was merged into."""
    version = request.headers.get("intercom-version", "2.16")
    older = version.startswith(("1.", "2.")) and int(version.partition(".")[2]) < _TELLS_MERGED
    if merged_into is None or older:
        return error(404, "not_found", "User Not Found")
    response = error(
        410, "contact_merged", "This contact has been merged. See the 'Link' header for the canonical contact."
    )
    response.headers["Link"] = f'</contacts/{merged_into}>; rel="canonical"'
    return response


class BodyRejectedError(Exception):
    """The request's body is no JSON object."""


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as broken:
        raise BodyRejectedError from broken
    if not isinstance(body, dict):
        raise BodyRejectedError
    return body
