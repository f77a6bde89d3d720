"""A Kubernetes client: JSON in, JSON out, one method for each kind of request.

All that a controller reads once or writes goes through it, so that tests can count, refuse or break every
write. Watches (`watch`) and the Lease (`leaderelection`) have connections of their own.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlencode

import aiohttp

from mogulsync.kube.aio import ApiClient, Configuration, load_incluster_config, load_kube_config
from mogulsync.kube.objects import GroupVersionResource, Object
from mogulsync.kube.proxies import proxy_from_environment

PAGE_LENGTH: Final = 500
"""Objects that one answer to a list has at most."""
_UNREACHABLE: Final = 0
_UID: Final = "metadata.uid"
"""The field of the 422 that answers a write for the uid of an object that was made anew since."""
_PROBLEM_MAX_LENGTH: Final = 1000


class StatusError(Exception):
    """A request that the API server refused, or that did not reach it.

    Attributes:
        message: What the server says.
        status: HTTP status; 0 when there was no answer.
        reason: Kubernetes' word for it, such as NotFound.
        fields: Paths of the fields that are wrong.
        retry_after: Seconds to wait before the next request, as the server asks; 0 when it does not.
        object_name: Name of the object that it is about; empty when it is about none, such as an unknown kind.
    """

    def __init__(
        self,
        what: str,
        message: str,
        *,
        status: int = _UNREACHABLE,
        reason: str = "",
        fields: tuple[str, ...] = (),
        retry_after: float = 0,
        object_name: str = "",
    ) -> None:
        super().__init__(f"{what}: {message}")
        self.message = message
        self.status = status
        self.reason = reason
        self.fields = fields
        self.retry_after = retry_after
        self.object_name = object_name

    @property
    def not_found(self) -> bool:
        """The object does not exist."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def conflict(self) -> bool:
        """It exists already, or was changed or replaced meanwhile (another uid is answered as an invalid one)."""
        return self.status == HTTPStatus.CONFLICT or set(self.fields) == {_UID}

    @property
    def forbidden(self) -> bool:
        """Permissions, a quota or an admission policy refuse it."""
        return self.status == HTTPStatus.FORBIDDEN


class ObjectList(NamedTuple):
    """Some of the objects of a kind: one answer to a list."""

    items: list[Object]
    resource_version: str
    """Up to which the list is true."""


class KubernetesClient(Protocol):
    """What a controller asks of the Kubernetes API. All methods raise StatusError."""

    async def get(self, resource: GroupVersionResource, namespace: str, name: str) -> Object:
        """Return one object."""

    def list_pages(
        self,
        resource: GroupVersionResource,
        namespace: str | None,
        *,
        label_selector: str = "",
        page_length: int = PAGE_LENGTH,
    ) -> AsyncIterator[ObjectList]:
        """Yield all objects of the kind, of one namespace or of all, that the label selector picks."""

    async def create(self, resource: GroupVersionResource, body: Object) -> Object:
        """Create an object and return it as stored."""

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        """Apply an object server-side and return it as stored."""

    async def patch(
        self, resource: GroupVersionResource, namespace: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        """Merge a JSON merge patch into an object (or its subresource) and return it as stored."""


async def load_configuration(*, kubeconfig: str | None = None, context: str | None = None) -> Configuration:
    """Return how to reach the cluster: by `KUBECONFIG`, else from inside a Pod, else by ~/.kube/config.

    A proxy is the kubeconfig's, or that of HTTPS_PROXY and NO_PROXY.

    Args:
        kubeconfig: A file that counts instead.
        context: Of the kubeconfig; None: its current one.

    Raises:
        ConfigException: Neither leads to a cluster.
    """
    settings: Configuration = type.__call__(Configuration)  # as the library makes one without its defaults
    named = kubeconfig or context or os.environ.get("KUBECONFIG")
    if not named and os.environ.get("KUBERNETES_SERVICE_HOST"):
        load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
    else:
        await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=kubeconfig, context=context, client_configuration=settings
        )
    settings.proxy = settings.proxy or proxy_from_environment(settings.host, os.environ)
    # With it, aiohttp looks for a .netrc at each request.
    settings.client_session_kwargs = {"trust_env": False}
    return settings


class RestClient:
    """The real API, through the official client's asynchronous half.

    Args:
        client: Where requests go.
        field_manager: Owner of the fields that are written.
        may_write: Whether this replica acts; asked right before each write.
        timeout: Longest time for one request, in seconds.
    """

    def __init__(
        self,
        client: ApiClient,
        *,
        field_manager: str,
        timeout: float,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._client = client
        self._field_manager = field_manager
        self._may_write = may_write
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def get(self, resource: GroupVersionResource, namespace: str, name: str) -> Object:
        """Return one object."""
        return await self._request("GET", resource.path(namespace, name))

    async def list_pages(
        self,
        resource: GroupVersionResource,
        namespace: str | None,
        *,
        label_selector: str = "",
        page_length: int = PAGE_LENGTH,
    ) -> AsyncIterator[ObjectList]:
        """Yield the objects page by page; all pages show the cluster at the same moment."""
        query = {"limit": str(page_length), "labelSelector": label_selector}
        while True:
            answer = await self._request("GET", resource.path(namespace), query=query)
            items = [{"apiVersion": resource.api_version, "kind": resource.kind, **item} for item in answer["items"]]
            yield ObjectList(items, answer["metadata"]["resourceVersion"])
            if not (token := answer["metadata"].get("continue")):
                return
            query["continue"] = token

    async def create(self, resource: GroupVersionResource, body: Object) -> Object:
        """Create an object and return it as stored."""
        path = resource.path(body["metadata"]["namespace"])
        return await self._write("POST", path, body, {"Content-Type": "application/json"})

    async def apply(self, resource: GroupVersionResource, body: Object) -> Object:
        """Apply an object server-side, taking over fields that others set, and return it as stored."""
        metadata = body["metadata"]
        path = resource.path(metadata["namespace"], metadata["name"])
        headers = {"Content-Type": "application/apply-patch+yaml"}  # JSON is YAML
        return await self._write("PATCH", path, body, headers, force="true")

    async def patch(
        self, resource: GroupVersionResource, namespace: str, name: str, body: Object, *, subresource: str = ""
    ) -> Object:
        """Merge a JSON merge patch (RFC 7386) and return the object as stored."""
        path = resource.path(namespace, name, subresource)
        return await self._write("PATCH", path, body, {"Content-Type": "application/merge-patch+json"})

    async def _write(self, method: str, path: str, body: Object, headers: dict[str, str], **query: str) -> Object:
        if not self._may_write():
            raise StatusError(f"{method} {path}", "this replica does not lead any more")
        query["fieldManager"] = self._field_manager
        return await self._request(method, path, query=query, headers=headers, body=body)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: Object | None = None,
    ) -> Object:
        try:
            response = await self._send(method, path, query=query, headers=headers, body=body, time_limit=self._timeout)
            content: bytes = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise StatusError(f"{method} {path}", f"no answer ({type(error).__name__})") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise refusal(f"{method} {path}", response.status, content, response.headers.get("Retry-After"))
        try:
            answer: Object = json.loads(content)
        except ValueError as error:
            raise StatusError(f"{method} {path}", "the answer is no JSON") from error
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: Object | None = None,
        time_limit: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        """Send a request and return its answer, the body still to be read."""
        sent = {**self._client.default_headers, "Accept": "application/json", **(headers or {})}
        settings = self._client.configuration
        await self._client.update_params_for_auth(sent, [], ["BearerToken"], path, method, body)
        url = f"{settings.host}{path}" + (f"?{urlencode(query)}" if query else "")
        wrapped = await self._client.rest_client.request(  # type: ignore[no-untyped-call]
            method, url, headers=sent, body=body, _request_timeout=time_limit
        )
        response: aiohttp.ClientResponse = wrapped.response
        return response


def refusal(what: str, status: int, content: bytes, retry_after: str | None) -> StatusError:
    """Return the error of an answer of the API server, which is a `Status` object."""
    try:
        answer = json.loads(content)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or answer.get("kind") != "Status":
        answer = {}
    details = answer.get("details") or {}
    wait = retry_after or details.get("retryAfterSeconds") or 0
    return StatusError(
        what,
        str(answer.get("message") or f"HTTP {status}")[:_PROBLEM_MAX_LENGTH],
        status=status,
        reason=str(answer.get("reason") or ""),
        fields=tuple(str(cause.get("field") or "") for cause in details.get("causes") or ()),
        retry_after=float(wait) if str(wait).replace(".", "", 1).isdigit() else 0,
        object_name=str(details.get("name") or ""),
    )
