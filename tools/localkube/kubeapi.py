"""The little of the Kubernetes API that the Pod runner needs: JSON objects, status patches and a watch."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import yaml

_RETRY_SECONDS: Final = 0.1
_TIMEOUT: Final = httpx2.Timeout(10, pool=None)
_WATCH_TIMEOUT: Final = httpx2.Timeout(10, read=None)
_SERVER_ERROR: Final = 500
_TOO_MANY_REQUESTS: Final = 429
_GONE: Final = 410
_STRATEGIC_MERGE: Final = "application/strategic-merge-patch+json"


class ApiError(Exception):
    """The API server refused a request.

    Attributes:
        status: HTTP status code.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class KubeApi:
    """A client of one API server, from a kubeconfig of `localkube.credentials`; an async context manager."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._client = httpx2.AsyncClient(
            base_url=cluster["server"],
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"},
            verify=ssl.create_default_context(cadata=ca),
            timeout=_TIMEOUT,
            limits=httpx2.Limits(max_connections=None),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> dict[str, Any]:
        """Return an object or list; asks again while the API server is away."""
        return await self._persistently("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object; asks again while the API server is away."""
        return await self._persistently("POST", path, body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Patch an object as a kubelet does (strategic merge); asks again while the API server is away."""
        return await self._persistently("PATCH", path, body, _STRATEGIC_MERGE)

    async def delete(self, path: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Delete an object; asks again while the API server is away."""
        return await self._persistently("DELETE", path, options)

    async def watch(self, path: str) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
        """Yield ("LIST", all objects) at first and after each break, (event type, [object]) in between, for ever."""
        while True:
            try:
                listed = await self._request("GET", path)
                yield "LIST", listed["items"]
                version = listed["metadata"]["resourceVersion"]
                async for event in self._events(path, {"watch": "1", "resourceVersion": version}):
                    yield event["type"], [event["object"]]
            except (httpx2.TransportError, ApiError) as error:
                if isinstance(error, ApiError) and not _passes(error.status):
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _events(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        async with self._client.stream("GET", path, params=dict(query), timeout=_WATCH_TIMEOUT) as answer:
            if not answer.is_success:
                await answer.aread()
                raise _error(answer)
            async for line in answer.aiter_lines():
                event: dict[str, Any] = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", _GONE), event["object"].get("message", ""))
                yield event

    async def _persistently(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        while True:
            try:
                return await self._request(method, path, body, content_type)
            except httpx2.TransportError:
                pass
            except ApiError as error:
                if not _passes(error.status):
                    raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        answer = await self._client.request(
            method,
            path,
            content=None if body is None else json.dumps(body),
            headers={"Content-Type": content_type},
        )
        if not answer.is_success:
            raise _error(answer)
        document: dict[str, Any] = answer.json()
        return document


def _passes(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status >= _SERVER_ERROR or status in {_TOO_MANY_REQUESTS, _GONE}


def _error(answer: httpx2.Response) -> ApiError:
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = answer.text
    return ApiError(answer.status_code, message)
