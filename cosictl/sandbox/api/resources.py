"""What the sandbox's API server serves, as rows. Names, verbs and short names are those of Kubernetes 1.36.

COSI's own kinds have no short names and no printer columns; status is a subresource of Bucket, BucketClaim and
BucketAccess only (CRDs of v0.2.2 and of main, 2026-03).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cosictl.sandbox.ports import Resource

COSI_GROUP: Final = "objectstorage.k8s.io"
COSI_VERSIONS: Final = ("v1alpha1", "v1alpha2")
VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
# The same, in the order in which a real server gives them for what a CRD defines.
CUSTOM_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How one resource is served.

    ``custom``: defined by a CRD (no strategic merge patch, every update needs a resource version).
    ``has_status``: status is a subresource. ``has_generation``: spec changes are counted. ``view_of``: the resource
    in which its objects are kept. ``returns_deleted``: a deletion answers with the object, not with a Status.
    """

    resource: Resource
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    custom: bool = False
    has_status: bool = False
    has_generation: bool = False
    returns_deleted: bool = False
    view_of: Resource | None = None
    subresources: tuple[str, ...] = ()


def _cosi(version: str, plural: str, kind: str, *, namespaced: bool = False, has_status: bool = False) -> Served:
    return Served(
        resource=Resource(COSI_GROUP, version, plural, kind, namespaced),
        singular=kind.lower(),
        custom=True,
        has_status=has_status,
        has_generation=True,
    )


def _five(version: str) -> tuple[Served, ...]:
    return (
        _cosi(version, "bucketclasses", "BucketClass"),
        _cosi(version, "buckets", "Bucket", has_status=True),
        _cosi(version, "bucketaccessclasses", "BucketAccessClass"),
        _cosi(version, "bucketaccesses", "BucketAccess", namespaced=True, has_status=True),
        _cosi(version, "bucketclaims", "BucketClaim", namespaced=True, has_status=True),
    )


_V1: Final = _five("v1alpha1")
_V2: Final = _five("v1alpha2")

BUCKET_CLASSES_V1, BUCKETS_V1, ACCESS_CLASSES_V1, ACCESSES_V1, CLAIMS_V1 = (row.resource for row in _V1)
BUCKET_CLASSES_V2, BUCKETS_V2, ACCESS_CLASSES_V2, ACCESSES_V2, CLAIMS_V2 = (row.resource for row in _V2)

NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
EVENTS: Final = Resource("", "v1", "events", "Event", namespaced=True)
SECRETS: Final = Resource("", "v1", "secrets", "Secret", namespaced=True)
CONFIGMAPS: Final = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)
SERVICE_ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True)
# Containers added to a running Pod; a write to it changes nothing else.
EPHEMERAL: Final = "ephemeralcontainers"
PODS: Final = Resource("", "v1", "pods", "Pod", namespaced=True)
# The same events as EVENTS, in the words of the newer API.
EVENTS_V1: Final = Resource("events.k8s.io", "v1", "events", "Event", namespaced=True)
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease", namespaced=True)
DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)

_CORE: Final = (
    Served(resource=NAMESPACES, singular="namespace", short_names=("ns",), has_status=True, returns_deleted=True),
    Served(resource=EVENTS, singular="event", short_names=("ev",)),
    Served(resource=SECRETS, singular="secret"),
    Served(resource=CONFIGMAPS, singular="configmap", short_names=("cm",)),
    Served(resource=SERVICE_ACCOUNTS, singular="serviceaccount", short_names=("sa",), returns_deleted=True),
    Served(
        resource=PODS,
        singular="pod",
        short_names=("po",),
        categories=("all",),
        has_status=True,
        returns_deleted=True,
        subresources=("log", "exec", EPHEMERAL),
    ),
    Served(resource=EVENTS_V1, singular="event", short_names=("ev",), view_of=EVENTS),
    Served(resource=LEASES, singular="lease"),
    Served(
        resource=DEPLOYMENTS,
        singular="deployment",
        short_names=("deploy",),
        categories=("all",),
        has_status=True,
        has_generation=True,
    ),
)

_ALL: Final = (*_CORE, *_V1, *_V2)
_BY_KIND: Final[Mapping[tuple[str, str], Resource]] = {
    (row.resource.kind, row.resource.api_version): row.resource for row in _ALL
}


def served(cosi_versions: Iterable[str]) -> tuple[Served, ...]:
    """Return what a cluster with the CRDs of these COSI versions serves. ValueError names an unknown version."""
    wanted = tuple(cosi_versions)
    for version in wanted:
        if version not in COSI_VERSIONS:
            raise ValueError(f"COSI has no version {version!r}; there are {', '.join(COSI_VERSIONS)}")
    return tuple(row for row in _ALL if not row.custom or row.resource.version in wanted)


def resource_of(kind: str, api_version: str) -> Resource | None:
    """Return the resource of a kind (``Bucket``, ``objectstorage.k8s.io/v1alpha1``); None where there is no such."""
    return _BY_KIND.get((kind, api_version))
