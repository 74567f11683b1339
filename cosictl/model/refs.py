"""Names of things: kinds, API versions, calls, and references to objects."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """The five COSI kinds (group ``objectstorage.k8s.io``, both API versions)."""

    BUCKET = "Bucket"
    CLAIM = "BucketClaim"
    ACCESS = "BucketAccess"
    BUCKET_CLASS = "BucketClass"
    ACCESS_CLASS = "BucketAccessClass"


CLUSTER_SCOPED = frozenset({Kind.BUCKET, Kind.BUCKET_CLASS, Kind.ACCESS_CLASS})

# Everything that is read, with the API's plurals, under which a snapshot says how reading went.
RESOURCES = {
    Kind.BUCKET.value: "buckets",
    Kind.CLAIM.value: "bucketclaims",
    Kind.ACCESS.value: "bucketaccesses",
    Kind.BUCKET_CLASS.value: "bucketclasses",
    Kind.ACCESS_CLASS.value: "bucketaccessclasses",
    "Event": "events",
    "Lease": "leases",
    "Pod": "pods",
}


class Api(StrEnum):
    """The two COSI API versions."""

    V1ALPHA1 = "v1alpha1"
    V1ALPHA2 = "v1alpha2"


class Rpc(StrEnum):
    """The calls a sidecar makes to its driver; ``GET_EXISTING`` exists in v1alpha2 only."""

    CREATE = "DriverCreateBucket"
    GET_EXISTING = "DriverGetExistingBucket"
    DELETE = "DriverDeleteBucket"
    GRANT = "DriverGrantBucketAccess"
    REVOKE = "DriverRevokeBucketAccess"


class Ref(Struct, frozen=True, order=True, gc=False):
    """An object by kind, namespace (empty for cluster-scoped kinds) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        path = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind}/{path}"
