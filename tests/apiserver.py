"""A Kubernetes API server on the loopback, just large enough to be read from, and able to misbehave on request.

It serves the objects it is given as real lists: chunks with continue tokens, field selectors on events, discovery.
Whatever it does not know it answers with 501 and remembers in ``unexpected``: leaving the context then fails.
"""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
GROUP = "objectstorage.k8s.io"
PLURALS = {
    "Bucket": "buckets",
    "BucketClaim": "bucketclaims",
    "BucketAccess": "bucketaccesses",
    "BucketClass": "bucketclasses",
    "BucketAccessClass": "bucketaccessclasses",
    "Event": "events",
    "Lease": "leases",
    "Pod": "pods",
}
KINDS = {plural: kind for kind, plural in PLURALS.items()}


@dataclass(kw_only=True)
class Behaviour:
    """What the server does wrong. Counters are used up one by one; keys are plurals, or ``plural@namespace``.

    ``forbidden`` refuses cluster-wide lists of a plural (``events``) or those of one namespace (``events@team-a``).
    """

    forbidden: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    expire: Counter[str] = field(default_factory=Counter)
    busy: Counter[str] = field(default_factory=Counter)
    reset: Counter[str] = field(default_factory=Counter)
    truncate: Counter[str] = field(default_factory=Counter)
    half_json: set[str] = field(default_factory=set)
    no_selectors: bool = False
    retry_after: str = "0.01"
    token: str = ""
    date: str = "Mon, 23 Nov 2026 15:11:07 GMT"
    versions: tuple[str, ...] = ("v1alpha1",)
    cosi: bool = True


class ApiServer:
    """The server; use it as a context manager."""

    def __init__(self, objects: Iterable[Object] = (), **behaviour: Any) -> None:
        self.objects = list(objects)
        self.behaviour = Behaviour(**behaviour)
        self.requests: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.unexpected: list[str] = []
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None:
            assert not self.unexpected, f"unexpected requests: {self.unexpected}"

    def kubeconfig(self, folder: Path, *, namespace: str = "team-a", token: str = "") -> Path:
        """Write a kubeconfig for this server and return its path."""
        path = folder / "kubeconfig"
        user: Object = {"token": token} if token else {}
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "loopback",
                    "clusters": [{"name": "local", "cluster": {"server": self.url}}],
                    "users": [{"name": "me", "user": user}],
                    "contexts": [
                        {"name": "loopback", "context": {"cluster": "local", "user": "me", "namespace": namespace}}
                    ],
                }
            )
        )
        return path

    def count(self, plural: str) -> int:
        """How many requests asked for lists of this plural."""
        return sum(urlsplit(request).path.endswith("/" + plural) for request in self.requests)


class _Handler(BaseHTTPRequestHandler):
    api: ApiServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        del timestamp
        return self.api.behaviour.date

    def do_GET(self) -> None:
        with self.api.lock:
            self.api.requests.append(self.path)
            self.api.headers.append(dict(self.headers.items()))
            self._route()

    def _route(self) -> None:
        how = self.api.behaviour
        if how.token and self.headers.get("Authorization") != f"Bearer {how.token}":
            self._status(401, "Unauthorized", "Unauthorized")
            return
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        path = parts.path.strip("/").split("/")
        if path == ["apis", GROUP]:
            self._discovery()
            return
        plural = path[-1]
        namespace = path[path.index("namespaces") + 1] if "namespaces" in path else ""
        version = "v1" if path[0] == "api" else "/".join(path[1:3])
        if plural not in KINDS:
            self.api.unexpected.append(self.path)
            self._status(501, "NotImplemented", f"this server does not serve {parts.path}")
            return
        if not self._misbehaves(plural, namespace, query):
            self._list(plural, namespace, version, query)

    def _discovery(self) -> None:
        how = self.api.behaviour
        if not how.cosi:
            self._status(404, "NotFound", "the server could not find the requested resource")
            return
        versions = [{"groupVersion": f"{GROUP}/{version}", "version": version} for version in how.versions]
        self._send(200, {"kind": "APIGroup", "name": GROUP, "versions": versions, "preferredVersion": versions[0]})

    def _misbehaves(self, plural: str, namespace: str, query: Mapping[str, str]) -> bool:
        how = self.api.behaviour
        key = f"{plural}@{namespace}" if namespace else plural
        if key in how.forbidden:
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            self._status(403, "Forbidden", f'{plural} is forbidden: User "me" cannot list resource "{plural}" {where}')
        elif plural in how.absent:
            self._status(404, "NotFound", "the server could not find the requested resource")
        elif how.no_selectors and "fieldSelector" in query:
            self._status(400, "BadRequest", "field label not supported")
        elif how.busy[plural] > 0:
            how.busy[plural] -= 1
            self._status(429, "TooManyRequests", "slow down", {"Retry-After": how.retry_after})
        elif how.reset[plural] > 0:
            how.reset[plural] -= 1
            self.close_connection = True
            self.connection.close()
        elif "continue" in query and how.expire[plural] > 0:
            how.expire[plural] -= 1
            self._status(410, "Expired", "The provided continue parameter is too old")
        else:
            return False
        return True

    def _list(self, plural: str, namespace: str, version: str, query: Mapping[str, str]) -> None:
        how = self.api.behaviour
        items = [
            o
            for o in self.api.objects
            if PLURALS.get(o["kind"]) == plural
            and o["apiVersion"] == version
            and (not namespace or o["metadata"].get("namespace") == namespace)
            and _selected(o, query.get("fieldSelector", ""))
        ]
        start = int(base64.b64decode(query["continue"])) if "continue" in query else 0
        limit = int(query.get("limit", "0")) or len(items)
        meta: Object = {"resourceVersion": "1000"}
        if start + limit < len(items):
            meta["continue"] = base64.b64encode(str(start + limit).encode()).decode()
            meta["remainingItemCount"] = len(items) - start - limit
        # Items of typed lists carry neither kind nor version, as from a real server.
        page = [{k: v for k, v in o.items() if k not in {"kind", "apiVersion"}} for o in items[start : start + limit]]
        body = {"kind": f"{KINDS[plural]}List", "apiVersion": version, "metadata": meta, "items": page}
        truncated = how.truncate[plural] > 0
        how.truncate[plural] -= int(truncated)
        self._send(200, body, truncated=truncated, half=plural in how.half_json)

    def _status(self, code: int, reason: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": reason,
            "message": message,
            "code": code,
        }
        self._send(code, body, headers=headers or {})

    def _send(
        self,
        code: int,
        body: Object,
        *,
        headers: Mapping[str, str] | None = None,
        truncated: bool = False,
        half: bool = False,
    ) -> None:
        data = json.dumps(body).encode()
        if half:
            data = data[: len(data) // 2]
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if truncated else data)
        if truncated:
            self.wfile.flush()
            self.close_connection = True


def _selected(obj: Object, selector: str) -> bool:
    for term in filter(None, selector.split(",")):
        path, _, wanted = term.partition("=")
        found: Any = obj
        for key in path.split("."):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        if (found if isinstance(found, str) else "") != wanted:
            return False
    return True
