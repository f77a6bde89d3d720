"""The Kubernetes API with nothing in between: one aiohttp session, JSON in and JSON out."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import yaml

Object = dict[str, Any]

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
_WATCH_SECONDS: Final = 3600
_PAUSE_SECONDS: Final = 0.1
_LONGEST_LINE: Final = 2**20


class RefusedError(RuntimeError):
    """The API server refused a request."""


class Api:
    """A client of one API server, from a kubeconfig of `localkube`; an async context manager."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        cluster = config["clusters"][0]["cluster"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._server: str = cluster["server"]
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}", "Accept": JSON},
            connector=aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context(cadata=ca)),
            timeout=_TIMEOUT,
            read_bufsize=_LONGEST_LINE,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str) -> Object:
        """Return an object or a list."""
        return await self.send("GET", path)

    async def send(self, method: str, path: str, body: str | Object | None = None, content_type: str = JSON) -> Object:
        """Send one request and return the answer.

        Raises:
            RefusedError: The answer is no success.
        """
        data = json.dumps(body) if isinstance(body, dict) else body
        headers = {"Content-Type": content_type}
        async with self._session.request(method, self._server + path, data=data, headers=headers) as answer:
            content = await answer.read()
            if not answer.ok:
                raise RefusedError(f"{method} {path}: {answer.status} {content[:500].decode(errors='replace')}")
        document: Object = json.loads(content)
        return document

    async def watch(self, path: str) -> AsyncIterator[tuple[str, Object]]:
        """Yield what there is as ADDED, then each event's type and object; all again when the server ends the watch.

        It does so once soon after a resource is defined, and to clients that read too slowly.

        Raises:
            RefusedError: The watch was refused.
        """
        query = {"watch": "1", "timeoutSeconds": str(_WATCH_SECONDS)}
        forever = aiohttp.ClientTimeout(total=None)
        while True:
            async with self._session.get(self._server + path, params=query, timeout=forever) as answer:
                if not answer.ok:
                    raise RefusedError(f"watch {path}: {answer.status}")
                async for line in answer.content:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    yield event["type"], event["object"]
            await asyncio.sleep(_PAUSE_SECONDS)
