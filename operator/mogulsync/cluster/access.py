"""A Kubernetes client for commands: by kubeconfig and context, with errors that name what was wrong and the fix."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp

from mogulsync import __version__
from mogulsync.cluster.errors import ClusterProblemError, is_overload
from mogulsync.cluster.reach import Reach
from mogulsync.kube.aio import ApiClient, ConfigException, list_kube_config_contexts
from mogulsync.kube.client import RestClient, StatusError, load_configuration, refusal
from mogulsync.kube.objects import GroupVersionResource, NamespacedName, Object
from mogulsync.resource import names

DESTINATIONS: Final = GroupVersionResource(names.GROUP, names.VERSION, names.PLURAL, names.KIND)
SECRETS: Final = GroupVersionResource("", "v1", "secrets", "Secret")
NAMESPACES: Final = GroupVersionResource("", "v1", "namespaces", "Namespace")

_FIELD_MANAGER: Final = "kubectl-mogulsync"
"""Owner of the fields that the commands set, but for those of `connect`."""

_TIMEOUT: Final = 15.0
"""Longest time for one request, in seconds."""
_PATIENCE: Final = 30.0
"""Seconds for which a request is made again where the API server asks to come back."""
_COMPLETION_SECONDS: Final = 3.0
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_DEFAULT_KUBECONFIG: Final = "~/.kube/config"
_USER: Final = re.compile(r'User "([^"]*)"')


class Access(RestClient):
    """The Kubernetes API as one person may use it. Every method raises ClusterProblemError.

    A request that the API server has no room for at the moment is made again when it asks for that, as kubectl does.

    Attributes:
        namespace: The one that the person works in.
        server: URL of the API server.
    """

    def __init__(self, client: ApiClient, *, namespace: str, field_manager: str = _FIELD_MANAGER) -> None:
        super().__init__(client, field_manager=field_manager, timeout=_TIMEOUT)
        client.user_agent = f"{_FIELD_MANAGER}/{__version__}"
        self.namespace = namespace
        self.server: str = client.configuration.host

    async def read(self, resource: GroupVersionResource, namespace: str | None, name: str) -> Object:
        """Return one object."""
        try:
            return await self._request("GET", resource.path(namespace, name))
        except StatusError as error:
            raise await self._explained(error, "get", resource, namespace, name) from None

    async def read_all(
        self, resource: GroupVersionResource, namespace: str | None, *, label_selector: str = ""
    ) -> list[Object]:
        """Return the objects of a namespace, or of all, by namespace and name."""
        try:
            pages = self.list_pages(resource, namespace, label_selector=label_selector)
            found = [item async for page in pages for item in page.items]
        except StatusError as error:
            raise await self._explained(error, "list", resource, namespace) from None
        return sorted(found, key=lambda item: (item["metadata"].get("namespace") or "", item["metadata"]["name"]))

    async def merge(self, resource: GroupVersionResource, namespace: str, name: str, body: Object) -> Object:
        """Merge a JSON merge patch into an object and return it as stored."""
        try:
            return await self.patch(resource, namespace, name, body)
        except StatusError as error:
            raise await self._explained(error, "patch", resource, namespace, name) from None

    async def read_by_dry_run(self, resource: GroupVersionResource, namespace: str, name: str) -> Object:
        """Return one object, as the answer to an empty patch with dryRun: with the right to patch alone."""
        headers = {"Content-Type": "application/merge-patch+json"}
        try:
            return await self._request(
                "PATCH", resource.path(namespace, name), query={"dryRun": "All"}, headers=headers, body={}
            )
        except StatusError as error:
            raise await self._explained(error, "patch", resource, namespace, name) from None

    async def apply_unforced(self, resource: GroupVersionResource, body: Object) -> Object:
        """Apply an object server-side without taking over what others set, and return it as stored."""
        metadata = body["metadata"]
        path = resource.path(metadata["namespace"], metadata["name"])
        headers = {"Content-Type": "application/apply-patch+yaml"}
        try:
            return await self._write("PATCH", path, body, headers, force="false")
        except StatusError as error:
            if error.conflict:
                message = " ".join(error.message.split())
                raise ClusterProblemError(
                    f"{resource.kind} {metadata['name']} in namespace {metadata['namespace']} is another's: {message}. "
                    "Nothing was changed; choose another --name, or delete that Secret first",
                    status=error.status,
                ) from None
            raise await self._explained(error, "patch", resource, metadata["namespace"], metadata["name"]) from None

    async def read_path(self, path: str) -> Object:
        """Return what the API server answers at a path that everyone who is logged in may read."""
        try:
            return await self._request("GET", path)
        except StatusError as error:
            raise self._general(error) or ClusterProblemError(
                f"GET {path}: {error.message}", status=error.status
            ) from None

    async def review(self, path: str, body: Object) -> Object:
        """Post a review, such as a SelfSubjectAccessReview, and return the answer."""
        try:
            return await self._request("POST", path, headers={"Content-Type": "application/json"}, body=body)
        except StatusError as error:
            raise self._general(error) or ClusterProblemError(
                f"POST {path}: {error.message}", status=error.status
            ) from None

    @asynccontextmanager
    async def stream(
        self, resource: GroupVersionResource, name: NamespacedName, subresource: str, *, query: dict[str, str]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a long answer, such as a Pod's log; yield its pieces."""
        path = resource.path(name.namespace, name.name, subresource)
        wait = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT)
        try:
            response = await self._send("GET", path, query=query, headers={"Accept": "*/*"}, time_limit=wait)
            if response.status >= HTTPStatus.BAD_REQUEST:
                content = await response.read()
                raise refusal(f"GET {path}", response.status, content, response.headers.get("Retry-After"))
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreached(type(error).__name__) from None
        except StatusError as error:
            raise await self._explained(error, "get", resource, *name, subresource=subresource) from None
        try:
            yield response.content.iter_any()
        finally:
            response.close()

    async def _send(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        clock = asyncio.get_running_loop().time
        until = clock() + _PATIENCE
        while True:
            response = await super()._send(method, path, **options)
            wait = _wait_asked_for(response)
            if not wait or clock() + wait > until:
                return response
            response.close()
            await asyncio.sleep(wait)

    # --- errors ---

    def _general(self, error: StatusError) -> ClusterProblemError | None:
        """Return the problem where it has to do with the cluster as a whole."""
        if error.status == 0:
            return self._unreached(error.message)
        if error.status == HTTPStatus.UNAUTHORIZED:
            return ClusterProblemError(
                f"the cluster at {self.server} does not accept the credentials of the kubeconfig; log in again",
                status=error.status,
            )
        if is_overload(error.status) and error.retry_after:
            return ClusterProblemError(
                f"the cluster at {self.server} has no room for this request at the moment: {error.message}; try again "
                "in a minute",
                status=error.status,
            )
        return None

    def _unreached(self, why: str) -> ClusterProblemError:
        return ClusterProblemError(
            f"the cluster at {self.server} is not reached: {why}; see whether it is up, and whether --kubeconfig and "
            "--context name the right one"
        )

    async def _explained(
        self,
        error: StatusError,
        verb: str,
        resource: GroupVersionResource,
        namespace: str | None,
        name: str | None = None,
        *,
        subresource: str = "",
    ) -> ClusterProblemError:
        if problem := self._general(error):
            return problem
        group = f".{resource.group}" if resource.group else ""
        kind = f"{resource.resource}{group}" + (f"/{subresource}" if subresource else "")
        place = f"namespace {namespace}" if namespace else "all namespaces"
        if error.forbidden and error.reason == "Forbidden" and _USER.search(error.message):
            user = _USER.search(error.message)
            who = f" ({user.group(1)})" if user else ""
            hint = "; or give -n NAMESPACE" if resource is DESTINATIONS and not namespace and verb == "list" else ""
            message = f"no right to {verb} {kind} in {place}{who}; ask for a Role that allows it{hint}"
            return ClusterProblemError(message, status=error.status)
        if error.not_found and not error.object_name:
            return _no_such_kind(resource, error)
        if error.not_found:
            if namespace and not await self._namespace_exists(namespace):
                return ClusterProblemError(
                    f"there is no namespace {namespace}; give another with -n", status=error.status
                )
            hint = "" if resource is not DESTINATIONS else "; mogulsync status -A lists those that exist"
            return ClusterProblemError(f"there is no {resource.kind} {name} in {place}{hint}", status=error.status)
        named = f" {name}" if name else ""
        return ClusterProblemError(f"cannot {verb} {kind}{named} in {place}: {error.message}", status=error.status)

    async def _namespace_exists(self, namespace: str) -> bool:
        """Return False only where the API server answers that there is none."""
        try:
            await self._request("GET", NAMESPACES.path(None, namespace))
        except StatusError as error:
            return not error.not_found
        return True


def _wait_asked_for(response: aiohttp.ClientResponse) -> int:
    """Return the seconds after which the request may be made again, by the rule of client-go; 0: it may not."""
    asked = response.headers.get("Retry-After", "")
    return int(asked) if is_overload(response.status) and asked.isascii() and asked.isdigit() else 0


def _no_such_kind(resource: GroupVersionResource, error: StatusError) -> ClusterProblemError:
    if resource.group == names.GROUP:
        return ClusterProblemError(
            f"this cluster does not know {resource.kind}s: mogulsync is not installed in it, or its "
            "CustomResourceDefinition is missing; install the chart (README, Install), then see mogulsync doctor",
            status=error.status,
        )
    return ClusterProblemError(f"this cluster does not know {resource.resource}", status=error.status)


@asynccontextmanager
async def open_access(reach: Reach, *, field_manager: str = _FIELD_MANAGER) -> AsyncIterator[Access]:
    """Yield a client of the cluster that the kubeconfig, or the Pod that this runs in, names.

    Raises:
        ClusterProblemError: Neither names one, or the kubeconfig cannot be read.
    """
    try:
        settings = await load_configuration(kubeconfig=reach.kubeconfig, context=reach.context)
        namespace = reach.namespace or _namespace_of(reach)
    except ConfigException as error:
        raise ClusterProblemError(_no_way(reach, error)) from None
    except Exception as error:  # noqa: BLE001 - the library raises anything when a kubeconfig is no kubeconfig
        raise ClusterProblemError(
            f"the kubeconfig cannot be read ({type(error).__name__}); kubectl config view shows what is in it"
        ) from None
    async with ApiClient(settings) as client:
        yield Access(client, namespace=namespace, field_manager=field_manager)


def _no_way(reach: Reach, error: Exception) -> str:
    named = reach.kubeconfig or os.environ.get("KUBECONFIG") or ""
    for path in filter(None, (named or _DEFAULT_KUBECONFIG).split(os.pathsep)):
        if not Path(path).expanduser().is_file():
            return f"no way to a cluster: there is no kubeconfig {path}; give --kubeconfig FILE, or set KUBECONFIG"
    if reach.context is not None:
        return f"the kubeconfig has no usable context {reach.context}; kubectl config get-contexts lists them"
    return f"the kubeconfig leads to no cluster: {error}; give --context, or another --kubeconfig"


def _namespace_of(reach: Reach) -> str:
    """Return the namespace of the context, of the Pod that this runs in, or `default`."""
    if reach.kubeconfig is None and not os.environ.get("KUBECONFIG") and _NAMESPACE_FILE.is_file():
        return _NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    contexts, active = list_kube_config_contexts(reach.kubeconfig or os.environ.get("KUBECONFIG"))  # type: ignore[no-untyped-call]
    if reach.context is not None:
        active = next((each for each in contexts if each["name"] == reach.context), active)
    return str(active["context"].get("namespace") or "default")


def names_of_destinations(reach: Reach) -> list[str]:
    """Return the destinations' names, for a shell's completion; none when the cluster is not reached at once."""
    return asyncio.run(_names(reach))


async def _names(reach: Reach) -> list[str]:
    try:
        async with asyncio.timeout(_COMPLETION_SECONDS), open_access(reach) as access:
            found = await access.read_all(DESTINATIONS, access.namespace)
    except (ClusterProblemError, TimeoutError):
        return []
    return [item["metadata"]["name"] for item in found]
