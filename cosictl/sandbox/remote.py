"""An API server over HTTPS as the loops want it: the methods of ``ports.Api``, each with an answer that takes time.

Only for components that run outside the sandbox's process. Refusals are ApiErrors with the server's own words; a
server that cannot be reached, or breaks off, is one with code 503, so that the loops try again as they do in a cluster.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import aiohttp

from cosictl.sandbox.ports import ApiError, Change, Json, Resource
from cosictl.sandbox.remote_config import Server

_MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json"
# Seconds of the wall for one answer; a watch may last as long as the server likes.
_PATIENCE: Final = aiohttp.ClientTimeout(total=60.0)
_ENDLESS: Final = aiohttp.ClientTimeout(total=None, sock_connect=10.0)
# One line of a watch is one object, which may be as large as etcd takes them.
_LONGEST_LINE: Final = 4 * 1024 * 1024
_UNAVAILABLE: Final = 503


class RemoteApi:
    """An async context manager; implements ``api_client.DistantApi``."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._server.token}"} if self._server.token else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._server.trust, limit=0),
            headers={"Accept": _JSON, "User-Agent": "cosictl-sandbox-sidecar", **headers},
            read_bufsize=_LONGEST_LINE,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return one object."""
        return await self._ask("GET", _path(resource, namespace, name))

    async def list(self, resource: Resource, namespace: str = "") -> tuple[list[Json], str]:
        """Return objects and the resource version of the list."""
        found = await self._ask("GET", _path(resource, namespace))
        items: list[Json] = found.get("items") or []
        kind = {"apiVersion": resource.api_version, "kind": resource.kind}
        return [kind | item for item in items], str(found.get("metadata", {}).get("resourceVersion", ""))

    async def create(self, resource: Resource, namespace: str, value: Mapping[str, Any]) -> Json:
        """Store a new object."""
        return await self._ask("POST", _path(resource, namespace), value)

    async def update(
        self, resource: Resource, namespace: str, name: str, value: Mapping[str, Any], *, subresource: str = ""
    ) -> Json:
        """Replace an object, or its status."""
        return await self._ask("PUT", _path(resource, namespace, name, subresource), value)

    async def patch(self, resource: Resource, namespace: str, name: str, patch: Any) -> Json:
        """Apply a merge patch."""
        return await self._ask("PATCH", _path(resource, namespace, name), patch, _MERGE)

    async def delete(self, resource: Resource, namespace: str, name: str) -> Json:
        """Delete an object; what comes back is the object, or a Status where it is gone."""
        return await self._ask("DELETE", _path(resource, namespace, name))

    async def watch(self, resource: Resource, namespace: str = "", *, since: str = "") -> AsyncGenerator[Change, None]:
        """Yield changes after a resource version until the server ends the watch; ApiError 410 for one too old."""
        query = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": since}
        try:
            async with self._open.get(
                self._server.url + _path(resource, namespace), params=query, timeout=_ENDLESS
            ) as answer:
                if answer.status >= 400:
                    raise _refusal(answer.status, await answer.read())
                try:
                    async for line in answer.content:
                        yield _change(line)
                finally:
                    _break_off(answer)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _broken(error) from error

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("this client is used inside its own block only")
        return self._session

    async def _ask(self, method: str, path: str, body: object = None, content_type: str = _JSON) -> Json:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": content_type} if data is not None else {}
        url = self._server.url + path
        try:
            async with self._open.request(method, url, data=data, headers=headers, timeout=_PATIENCE) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _broken(error) from error
        if answer.status >= 400:
            raise _refusal(answer.status, content)
        return _tree(content)


def _path(resource: Resource, namespace: str, name: str = "", subresource: str = "") -> str:
    root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.api_version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if resource.namespaced and namespace else ""
    parts = [quote(part, safe="") for part in (name, subresource) if part]
    return "/".join([f"{root}{where}/{resource.plural}", *parts])


def _break_off(answer: aiohttp.ClientResponse) -> None:
    """End a watch that the server goes on with, without a good-bye that somebody would have to wait for."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()


def _change(line: bytes) -> Change:
    """Read one line of a watch; its errors are raised. ValueError for what is none."""
    found = json.loads(line)
    if not isinstance(found, dict) or not isinstance(found.get("object"), dict):
        raise ValueError("a line of the watch is no change")
    value: Json = found["object"]
    match found.get("type"):
        case "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" as kind:
            return Change(kind, value)
        case _:
            raise ApiError(int(value.get("code") or 500), str(value.get("reason", "")), str(value.get("message", "")))


def _tree(content: bytes) -> Json:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise _broken(error) from error
    if not isinstance(found, dict):
        raise ApiError(_UNAVAILABLE, "ServiceUnavailable", "the answer is no object")
    return found


def _refusal(status: int, content: bytes) -> ApiError:
    """Return a refusal with the words of its Status, or of whoever stands before the server."""
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return ApiError(status, "", content[:200].decode("utf-8", "replace"))
    return ApiError(status, str(found.get("reason", "")), str(found.get("message", "")))


def _broken(error: Exception) -> ApiError:
    return ApiError(_UNAVAILABLE, "ServiceUnavailable", f"the API server cannot be reached: {error}")
