"""What a diagnosis lists, and where: plain values, built before anything is asked."""

from enum import StrEnum
from urllib.parse import quote

from msgspec import Struct

from cosictl.model.copying import replace

GROUP = "objectstorage.k8s.io"
VERSIONS = ("v1alpha1", "v1alpha2")
# Bucket events, and those about objects without a name, live in ``default`` (measured on v0.2.2).
EVENT_HOME = "default"

# What most events of a cluster are about. A selector can only leave out (there is no "or"), and one list has to hold
# those about COSI's kinds and those about no object at all.
_NOT_OURS = ",".join(
    f"involvedObject.kind!={kind}"
    for kind in (
        *("Pod", "Node", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service"),
        *("PersistentVolumeClaim", "HorizontalPodAutoscaler", "Ingress", "Endpoints", "Namespace", "Certificate"),
    )
)

_CLUSTER_KINDS = (
    ("buckets", "Bucket"),
    ("bucketclasses", "BucketClass"),
    ("bucketaccessclasses", "BucketAccessClass"),
)
_NAMESPACED_KINDS = (("bucketclaims", "BucketClaim"), ("bucketaccesses", "BucketAccess"))


class Reach(StrEnum):
    """How far to look: everything or nothing, one namespace, or as far as the rights go."""

    ALL = "all"
    ONE = "one"
    WIDEST = "widest"


class Scope(Struct, frozen=True, kw_only=True):
    """Which namespaces to look at. ``namespace`` is the one of ONE, and what WIDEST falls back to."""

    reach: Reach
    namespace: str


class ListCall(Struct, frozen=True, kw_only=True):
    """One list: what it holds, its path with and without a namespace, and its field selector.

    ``namespace`` empty means the whole cluster. ``fallbacks`` are namespaces to try where the whole cluster is refused.
    """

    resource: str
    kind: str
    prefix: str
    api_version: str
    namespace: str = ""
    selector: str = ""
    fallbacks: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path to GET."""
        where = f"/namespaces/{quote(self.namespace, safe='')}" if self.namespace else ""
        return f"{self.prefix}{where}/{self.resource}"

    def narrowed(self) -> tuple["ListCall", ...]:
        """Return the same list in each of the namespaces to fall back to."""
        return tuple(replace(self, namespace=namespace, fallbacks=()) for namespace in self.fallbacks)

    def unselected(self) -> "ListCall":
        """Return the same list without its selector, for servers that refuse it."""
        return replace(self, selector="")


def calls_for(versions: tuple[str, ...], scope: Scope) -> tuple[ListCall, ...]:
    """Return every list a diagnosis needs, each once.

    A cluster that serves both COSI versions is asked for both: without a conversion webhook each version's objects
    may be readable only there, and equal ones are recognised by their UID later.
    """
    namespace = scope.namespace if scope.reach is Reach.ONE else ""
    fallbacks = (scope.namespace,) if scope.reach is Reach.WIDEST else ()
    calls = []
    for version in versions:
        prefix = f"/apis/{GROUP}/{version}"
        calls += [_call(resource, kind, prefix, f"{GROUP}/{version}") for resource, kind in _CLUSTER_KINDS]
        calls += [
            _call(resource, kind, prefix, f"{GROUP}/{version}", namespace=namespace, fallbacks=fallbacks)
            for resource, kind in _NAMESPACED_KINDS
        ]
    calls += _event_calls(namespace, fallbacks)
    calls.append(
        _call("leases", "Lease", "/apis/coordination.k8s.io/v1", "coordination.k8s.io/v1", fallbacks=fallbacks)
    )
    calls.append(_call("pods", "Pod", "/api/v1", "v1", fallbacks=fallbacks))
    return tuple(calls)


def _event_calls(namespace: str, fallbacks: tuple[str, ...]) -> list[ListCall]:
    """Return the one list of events, or one for each namespace where COSI's events may be."""
    places = dict.fromkeys((namespace, EVENT_HOME)) if namespace else ("",)
    return [
        _call(
            "events",
            "Event",
            "/api/v1",
            "v1",
            namespace=place,
            selector=_NOT_OURS,
            fallbacks=tuple(dict.fromkeys((*fallbacks, EVENT_HOME))) if fallbacks else (),
        )
        for place in places
    ]


def _call(
    resource: str,
    kind: str,
    prefix: str,
    api_version: str,
    *,
    namespace: str = "",
    selector: str = "",
    fallbacks: tuple[str, ...] = (),
) -> ListCall:
    return ListCall(
        resource=resource,
        kind=kind,
        prefix=prefix,
        api_version=api_version,
        namespace=namespace,
        selector=selector,
        fallbacks=fallbacks,
    )
