"""What controller and sidecars see of the API server: the store's contract, without HTTP.

Objects are plain JSON dicts, always copies: what a caller changes is not stored until it is written back.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

# Where COSI's manifests mount the socket's volume, in the sidecar and in the driver.
MOUNT: Final = "/var/lib/cosi/cosi.sock"

Json = dict[str, Any]
EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the API serves it: group ("" for core), version, plural name, kind, whether it has namespaces."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version


class ApiError(Exception):
    """A refusal as the API server words it: HTTP ``code``, ``reason`` (``NotFound``) and message of its Status."""

    def __init__(self, code: int, reason: str, message: str, *, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a watch: what happened, and the object after it (before it, for DELETED)."""

    type: EventType
    object: Json


class Api(Protocol):
    """The cluster's objects. Every method but ``watch`` raises ApiError; none waits."""

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return one object; 404 NotFound."""

    def list(
        self, resource: Resource, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> tuple[list[Json], str]:
        """Return objects by name ("" is every namespace), and the resource version of the list."""

    def create(self, resource: Resource, namespace: str, value: Mapping[str, Any], *, dry_run: bool = False) -> Json:
        """Store a new object and return it; 409 AlreadyExists, 422 Invalid, 404 for a missing namespace."""

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        value: Mapping[str, Any],
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Replace an object (or, with ``subresource`` "status", its status alone); 409 Conflict on an old version."""

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Any,
        *,
        content_type: str = "application/merge-patch+json",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Apply a merge, JSON or (core kinds) strategic merge patch."""

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str = "",
        resource_version: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Delete, or mark as terminating while finalizers hold it; return the object. 409 on a wrong precondition."""

    def watch(self, resource: Resource, namespace: str = "", *, since: str = "") -> AsyncIterator[Change]:
        """Yield changes after a resource version ("" is from now on) until the iterator is closed; 410 Expired."""
