"""The sandbox's API server as commands meet it: objects that were recorded, rights, faults, and what was asked for.

What it does not serve it answers with 501: leaving the context then fails.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from cosictl.sandbox.api.access import ANY, Rule, User
from cosictl.sandbox.api.resources import resource_of
from cosictl.sandbox.api.store import Store
from cosictl.sandbox.clock import Clock
from tests.sandbox_server import Sandbox

Object = dict[str, Any]
TOKEN = "the-token"
RECORDED_AT = datetime(2026, 11, 23, 15, 11, 7, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMESPACES = ("default", "team-a", "team-b", "team-z")
LISTED = (
    "buckets",
    "bucketclaims",
    "bucketaccesses",
    "bucketclasses",
    "bucketaccessclasses",
    "events",
    "leases",
    "pods",
)


class Still(Clock):
    """A clock that stands, because ages are counted from the server's date."""

    def __init__(self, at: datetime) -> None:
        super().__init__(start=at)
        self._at = at

    def now(self) -> datetime:
        return self._at


async def wrote_nothing(_namespace: str, _name: str, _query: Mapping[str, str]) -> bytes:
    """Answer as for a container that runs and is silent."""
    return b""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    status: int


class ApiServer(Sandbox):
    """Use it as a context manager.

    ``forbidden`` refuses cluster-wide lists of a plural (``events``) or those of one namespace (``events@team-a``).
    ``users`` are those known, by token; it may be changed while the server runs.
    """

    def __init__(
        self,
        objects: Iterable[Object] = (),
        *,
        versions: Iterable[str] = ("v1alpha1",),
        forbidden: Iterable[str] = (),
        faults: Iterable[str] = (),
        token: str = TOKEN,
        at: datetime = RECORDED_AT,
        also: Mapping[str, User] | None = None,
        history: int = 10_000,
    ) -> None:
        self.users = {token: User(name="me", rules=rules(frozenset(forbidden))), **(also or {})}
        super().__init__(
            versions, clock=Still(at), faults=faults, users=self.users, logs=wrote_nothing, history=history
        )
        for value in objects:
            self._put(self.store, value)

    @staticmethod
    def _put(store: Store, value: Object) -> None:
        resource = resource_of(value["kind"], value["apiVersion"])
        assert resource is not None, f"{value['apiVersion']} {value['kind']}"
        store.put(resource, value)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if kind is None:
            unserved = [line for line in self.log if f" {501} " in line]
            assert not unserved, unserved

    @property
    def requests(self) -> list[str]:
        """What was asked for, in order: paths with their queries."""
        return [unquote(line.split()[1]) for line in self.log]

    def count(self, plural: str) -> int:
        """How many requests asked for lists of this plural."""
        return sum(urlsplit(path).path.endswith("/" + plural) for path in self.requests)

    def change(self, value: Object) -> None:
        """Replace an object, or make it, as it is given."""
        self.on(lambda store: self._put(store, value))

    def drop(self, kind: str) -> None:
        """Remove all objects of a kind, finalizers or not."""

        def work(store: Store) -> None:
            for value in store.snapshot():
                resource = resource_of(value["kind"], value["apiVersion"])
                if value["kind"] == kind and resource is not None:
                    meta = {key: inner for key, inner in value["metadata"].items() if key != "finalizers"}
                    store.put(resource, {**value, "metadata": meta})
                    store.delete(resource, meta.get("namespace", ""), meta["name"])

        self.on(work)

    def kubeconfig(self, folder: Path, *, namespace: str = "team-a", token: str | None = None) -> Path:
        """Write a kubeconfig for this server, with the first user's token unless told otherwise."""
        path = folder / "kubeconfig"
        text = self.server.kubeconfig(namespace=namespace)
        path.write_text(text if token is None else text.replace(self.server.token, token))
        return path


def rules(forbidden: frozenset[str]) -> tuple[Rule, ...]:
    """Everything but what is forbidden."""
    found = [Rule(resources=("namespaces", "secrets", "pods/log")), Rule(verbs=("impersonate",), resources=("users",))]
    for plural in LISTED:
        some = tuple(namespace for namespace in NAMESPACES if f"{plural}@{namespace}" not in forbidden)
        found.append(Rule(resources=(plural,), namespaces=some if plural in forbidden else ANY))
    return tuple(found)
