"""The sandbox's API server in a thread of its own, for clients that wait, and a plain HTTP client for it."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import urllib3

from cosictl.sandbox.api.access import ADMIN, Access, Rule, User
from cosictl.sandbox.api.faults import parse_faults
from cosictl.sandbox.api.server import ApiServer
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.clock import Clock

ADMIN_TOKEN = "admin-token"
VIEWER_TOKEN = "viewer-token"
COSI = "/apis/objectstorage.k8s.io/v1alpha1"
# May read claims of one namespace and nothing else.
VIEWER = User(name="viewer", rules=(Rule(verbs=("get", "list"), resources=("bucketclaims",), namespaces=("team-a",)),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]


class Sandbox:
    """Use it as a context manager; ``on`` runs a function on the server's own thread, where the store lives."""

    def __init__(
        self,
        versions: Iterable[str] = ("v1alpha1",),
        *,
        clock: Clock | None = None,
        faults: Iterable[str] = (),
        history: int = 10_000,
        users: dict[str, User] | None = None,
        **more: Any,
    ) -> None:
        self.log: list[str] = []
        clock = clock or Clock()
        self.store = Store(clock, versions, history=history)
        access = Access(users or {ADMIN_TOKEN: ADMIN, VIEWER_TOKEN: VIEWER})
        self.server = ApiServer(
            self.store, clock, access=access, faults=parse_faults(faults), log=self.log.append, **more
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        trusted = ssl.create_default_context(cadata=self.server.certificate)
        self._pool = urllib3.PoolManager(retries=False, timeout=20, ssl_context=trusted)

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self.server.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.clear()
        self._wait(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def on(self, work: Callable[[Store], Any]) -> Any:
        async def run() -> Any:
            return work(self.store)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(20)

    def kubeconfig(self, folder: Path, *, namespace: str = "default") -> Path:
        path = folder / "kubeconfig"
        path.write_text(self.server.kubeconfig(namespace=namespace))
        return path

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = ADMIN_TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; a body that is no text or bytes is sent as JSON."""
        sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        data = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        got = self._pool.request(method, self.server.url + path, body=data, headers=sent)
        return Answer(status=got.status, headers=got.headers, body=got.data)

    def watch(self, path: str, count: int, *, headers: Mapping[str, str] | None = None) -> list[Any]:
        """Read so many lines of a watch and leave it."""
        sent = {**(headers or {}), "Authorization": f"Bearer {ADMIN_TOKEN}"}
        got = self._pool.request("GET", self.server.url + path, headers=sent, preload_content=False)
        text = b""
        for piece in got.stream():
            text += piece
            if text.count(b"\n") >= count:
                break
        got.close()
        return [json.loads(line) for line in text.splitlines()]


def bucket(name: str, **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "Bucket",
        "metadata": {"name": name, **meta},
        "spec": {
            "driverName": "cosi.example.com",
            "bucketClassName": "gold",
            "protocols": ["S3"],
            "deletionPolicy": "Delete",
            "bucketClaim": {},
        },
    }


def claim(name: str, namespace: str = "default", **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": "objectstorage.k8s.io/v1alpha1",
        "kind": "BucketClaim",
        "metadata": {"name": name, "namespace": namespace, **meta},
        "spec": {"bucketClassName": "gold", "protocols": ["S3"]},
    }
