"""Errors of a request, by how the caller has to react.

    ApiError
    ├── CredentialsRejectedError     401, 403: the run ends
    │   └── SubscriptionEndedError   ChartMogul's 402: likewise, but the credentials are not what has to be fixed
    ├── GoneError                    404, 410: the record does not exist any more
    ├── RejectedError                another 4xx, or its URL is invalid: this request is wrong, a retry cannot help
    └── UnavailableError             an outage: no usable answer after every attempt
        └── ThrottledError           nothing but refusals for being too fast

All but UnavailableError are answers: the API is there and has decided. Messages hold the API's error code and request
id, never a body, a credential or a customer's data.
"""

from typing import Literal

from mogulsync.transport.error_detail import error_detail

Api = Literal["ChartMogul", "Intercom"]


class ApiError(Exception):
    """A request that did not succeed.

    Attributes:
        api: Which API answered, or did not.
        status: HTTP status of the last answer; None when there was none.
        code: The API's own error code, such as `parameter_invalid`; None when it gave none.
        request_id: The API's id of the request, for its support; None when it gave none.
    """

    def __init__(
        self,
        api: Api,
        what: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        details = [
            f"status {status}" if status else "",
            code if code and code != str(status) else "",
            f"request {request_id}" if request_id else "",
        ]
        shown = ", ".join(detail for detail in details if detail)
        super().__init__(f"{api}: {what}" + (f" ({shown})" if shown else ""))
        self.api: Api = api
        self.status = status
        self.code = code
        self.request_id = request_id


class CredentialsRejectedError(ApiError):
    """The credentials were refused, or lack a permission."""


class SubscriptionEndedError(CredentialsRejectedError):
    """The account's trial or subscription has ended."""


class GoneError(ApiError):
    """The record does not exist (any more)."""


class RejectedError(ApiError):
    """The API refused this request, or would if it could be sent; the same request would be refused again.

    Attributes:
        message: The API's own message, empty when it gave none. It may quote what was sent: show it only where that
            cannot be a customer's data.
        detail: The error code and what may always be shown of the message; None when there is neither.
    """

    def __init__(
        self,
        api: Api,
        what: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        message: str = "",
    ) -> None:
        super().__init__(api, what, status=status, code=code, request_id=request_id)
        self.message = message
        self.detail = error_detail(code, message)


class UnavailableError(ApiError):
    """An outage, no usable answer after every attempt: time-outs, broken connections, 5xx, malformed bodies."""


class ThrottledError(UnavailableError):
    """Still refused for being too fast when there was no time left."""
