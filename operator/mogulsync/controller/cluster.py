"""The Kubernetes API as the operator uses it: JSON in, JSON out, one method for each kind of request.

Everything that the operator reads once or writes goes through here (watches are kopf's), so that one
object stands for the cluster in tests and every write can be counted, refused or broken.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote, urlencode

import aiohttp
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

from mogulsync import __version__
from mogulsync.resource import names

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_PAGE_LENGTH: Final = 500
_TIMEOUT: Final = aiohttp.ClientTimeout(total=15)
_UNREACHABLE: Final = 0
_MISFITS: Final = ("failed to convert new object", "failed to create typed patch object")
"""How the API server's messages begin when what is applied does not fit the kind's types."""
_PROBLEM_MAX_LENGTH: Final = 1000


@dataclass(frozen=True)
class Kind:
    """A kind of object that the operator deals with."""

    api_version: str
    name: str
    plural: str
    label_selector: str = ""
    """Which of them concern the operator; the API server filters."""

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the URL path of all, of a namespace's, or of one of them."""
        parts = ["apis" if self.group else "api", self.api_version]
        parts += ["namespaces", quote(namespace)] if namespace else []
        parts += [self.plural, *([quote(name)] if name else []), *([subresource] if subresource else [])]
        return "/" + "/".join(parts)


DESTINATIONS: Final = Kind(names.API_VERSION, names.KIND, names.PLURAL)
CRONJOBS: Final = Kind("batch/v1", "CronJob", "cronjobs", names.LABEL_DESTINATION)
JOBS: Final = Kind("batch/v1", "Job", "jobs", names.LABEL_DESTINATION)
PODS: Final = Kind("v1", "Pod", "pods", names.LABEL_DESTINATION)
EVENTS: Final = Kind("events.k8s.io/v1", "Event", "events")

WATCHED: Final = (DESTINATIONS, CRONJOBS, JOBS, PODS)


class ClusterError(Exception):
    """A request that the API server refused, or that did not reach it.

    Attributes:
        message: What the server says.
        status: HTTP status; 0 when there was no answer.
        reason: Kubernetes' word for it, such as NotFound.
        fields: Paths of the fields that it complains of.
        retry_after: Seconds that the server wants to be left alone.
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
    ) -> None:
        super().__init__(f"{what}: {message}")
        self.message = message
        self.status = status
        self.reason = reason
        self.fields = fields
        self.retry_after = retry_after

    @property
    def gone(self) -> bool:
        """The object does not exist."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def conflict(self) -> bool:
        """It exists already, or was changed meanwhile."""
        return self.status == HTTPStatus.CONFLICT

    @property
    def invalid(self) -> bool:
        """The content is refused. Server-side apply answers 500 when a value has the wrong form."""
        misfit = self.status == HTTPStatus.INTERNAL_SERVER_ERROR and self.message.startswith(_MISFITS)
        return misfit or self.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}

    @property
    def forbidden(self) -> bool:
        """Permissions, a quota or an admission policy refuse it."""
        return self.status == HTTPStatus.FORBIDDEN


class Page(NamedTuple):
    """Some of the objects of a kind."""

    items: list[Object]
    resource_version: str
    """Up to which the list is true."""


class Cluster(Protocol):
    """What the operator asks of the Kubernetes API. All raise ClusterError."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Return one object."""

    def pages(self, kind: Kind, namespace: str | None, *, label_selector: str | None = None) -> AsyncIterator[Page]:
        """Yield all objects of the kind that concern the operator, or that another label selector picks."""

    async def create(self, kind: Kind, body: Object) -> Object:
        """Create an object and return it as stored."""

    async def apply(self, kind: Kind, body: Object) -> Object:
        """Apply an object server-side and return it as stored."""

    async def patch(self, kind: Kind, namespace: str, name: str, body: Object, *, subresource: str = "") -> Object:
        """Merge a JSON merge patch into an object (or its subresource) and return it as stored."""


async def configuration() -> Configuration:
    """Return how to reach the cluster: by `KUBECONFIG`, else from inside a Pod, else by ~/.kube/config.

    Raises:
        ConfigException: Neither leads to a cluster.
    """
    settings: Configuration = type.__call__(Configuration)  # as the library makes one without its defaults
    if not os.environ.get("KUBECONFIG") and os.environ.get("KUBERNETES_SERVICE_HOST"):
        kubernetes_config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
    else:
        await kubernetes_config.load_kube_config(client_configuration=settings)  # type: ignore[no-untyped-call]
    # With it, aiohttp looks for a .netrc at each request. A proxy can be named in the kubeconfig.
    settings.client_session_kwargs = {"trust_env": False}
    return settings


class KubernetesCluster:
    """The real API, through the official client's asynchronous half.

    Args:
        client: Where requests go.
        may_write: Whether this replica acts; asked right before each write.
    """

    def __init__(self, client: ApiClient, *, may_write: Callable[[], bool] = lambda: True) -> None:
        self._client = client
        self._may_write = may_write
        client.user_agent = f"mogulsync/{__version__}"

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Return one object."""
        return await self._request("GET", kind.path(namespace, name))

    async def pages(
        self, kind: Kind, namespace: str | None, *, label_selector: str | None = None
    ) -> AsyncIterator[Page]:
        """Yield the objects page by page; all pages show the cluster at the same moment."""
        selector = kind.label_selector if label_selector is None else label_selector
        query = {"limit": str(_PAGE_LENGTH), "labelSelector": selector}
        while True:
            answer = await self._request("GET", kind.path(namespace), query=query)
            items = [{"apiVersion": kind.api_version, "kind": kind.name, **item} for item in answer["items"]]
            yield Page(items, answer["metadata"]["resourceVersion"])
            if not (token := answer["metadata"].get("continue")):
                return
            query["continue"] = token

    async def create(self, kind: Kind, body: Object) -> Object:
        """Create an object and return it as stored."""
        path = kind.path(body["metadata"]["namespace"])
        return await self._write("POST", path, body, {"Content-Type": "application/json"})

    async def apply(self, kind: Kind, body: Object) -> Object:
        """Apply an object server-side, taking over fields that others set, and return it as stored."""
        metadata = body["metadata"]
        path = kind.path(metadata["namespace"], metadata["name"])
        headers = {"Content-Type": "application/apply-patch+yaml"}  # JSON is YAML
        return await self._write("PATCH", path, body, headers, force="true")

    async def patch(self, kind: Kind, namespace: str, name: str, body: Object, *, subresource: str = "") -> Object:
        """Merge a JSON merge patch (RFC 7386) and return the object as stored."""
        path = kind.path(namespace, name, subresource)
        return await self._write("PATCH", path, body, {"Content-Type": "application/merge-patch+json"})

    async def _write(self, method: str, path: str, body: Object, headers: dict[str, str], **query: str) -> Object:
        if not self._may_write():
            raise ClusterError(f"{method} {path}", "this replica does not lead any more")
        query["fieldManager"] = names.FIELD_MANAGER
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
        sent = {**self._client.default_headers, "Accept": "application/json", **(headers or {})}
        settings = self._client.configuration
        await self._client.update_params_for_auth(sent, [], ["BearerToken"], path, method, body)
        url = f"{settings.host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            response = await self._client.rest_client.request(  # type: ignore[no-untyped-call]
                method, url, headers=sent, body=body, _request_timeout=_TIMEOUT
            )
            content: bytes = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise ClusterError(f"{method} {path}", f"no answer ({type(error).__name__})") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(f"{method} {path}", response.status, content, response.headers.get("Retry-After"))
        try:
            answer: Object = json.loads(content)
        except ValueError as error:
            raise ClusterError(f"{method} {path}", "the answer is no JSON") from error
        return answer


def _refusal(what: str, status: int, content: bytes, retry_after: str | None) -> ClusterError:
    """Return the error that an answer of the API server (a `Status` object) tells of."""
    try:
        answer = json.loads(content)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or answer.get("kind") != "Status":
        answer = {}
    details = answer.get("details") or {}
    wait = retry_after or details.get("retryAfterSeconds") or 0
    return ClusterError(
        what,
        str(answer.get("message") or f"HTTP {status}")[:_PROBLEM_MAX_LENGTH],
        status=status,
        reason=str(answer.get("reason") or ""),
        fields=tuple(str(cause.get("field") or "") for cause in details.get("causes") or ()),
        retry_after=float(wait) if str(wait).replace(".", "", 1).isdigit() else 0,
    )
