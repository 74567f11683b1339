"""The objects a diagnosis looks at, the same for both API versions.

Fields that a version lacks are empty. Times are aware and in UTC. Texts are already redacted (intake does
that), and otherwise as the server sent them: hostile until rendered.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from cosictl.model.refs import Api, Kind, Ref


class Meta(Struct, frozen=True, kw_only=True, gc=False):
    """Object metadata; ``deleted`` is the deletionTimestamp."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    created: datetime | None = None
    deleted: datetime | None = None
    finalizers: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class StatusError(Struct, frozen=True, kw_only=True, gc=False):
    """``status.error`` of v1alpha2."""

    message: str
    time: datetime | None = None


class ClaimLink(Struct, frozen=True, kw_only=True, gc=False):
    """A Bucket's reference to its claim: ``spec.bucketClaim`` (v1alpha1), ``spec.bucketClaimRef`` (v1alpha2)."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


class Bucket(Struct, frozen=True, kw_only=True, gc=False):
    """A Bucket. ``ready`` is None where the status does not say; ``has_status`` tells an absent status."""

    api: Api
    meta: Meta
    driver: str = ""
    class_name: str = ""
    deletion_policy: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    protocols: tuple[str, ...] = ()
    claim: ClaimLink | None = None
    existing_id: str = ""
    ready: bool | None = None
    bucket_id: str = ""
    error: StatusError | None = None
    has_status: bool = False

    @property
    def ref(self) -> Ref:
        """This object's reference."""
        return Ref(Kind.BUCKET, "", self.meta.name)


class Claim(Struct, frozen=True, kw_only=True, gc=False):
    """A BucketClaim. ``bucket_name`` is status.bucketName (v1alpha1) or status.boundBucketName (v1alpha2)."""

    api: Api
    meta: Meta
    class_name: str = ""
    existing_bucket: str = ""
    protocols: tuple[str, ...] = ()
    ready: bool | None = None
    bucket_name: str = ""
    error: StatusError | None = None
    has_status: bool = False

    @property
    def ref(self) -> Ref:
        """This object's reference."""
        return Ref(Kind.CLAIM, self.meta.namespace, self.meta.name)


class AccessedBucket(Struct, frozen=True, kw_only=True, gc=False):
    """One entry of status.accessedBuckets of a v1alpha2 BucketAccess."""

    name: str
    bucket_id: str = ""
    claim_name: str = ""


class Access(Struct, frozen=True, kw_only=True, gc=False):
    """A BucketAccess. ``claim_names`` has one entry in v1alpha1, one or more in v1alpha2.

    Of v1alpha2 only: ``modes`` (spec.bucketClaims[].accessMode by claim), ``accessed``, ``driver``, ``auth_type`` and
    ``parameters``, which the controller copies into the status.
    """

    api: Api
    meta: Meta
    claim_names: tuple[str, ...] = ()
    class_name: str = ""
    secret_names: tuple[str, ...] = ()
    protocol: str = ""
    service_account: str = ""
    ready: bool | None = None
    account_id: str = ""
    driver: str = ""
    modes: Mapping[str, str] = field(default_factory=dict)
    accessed: tuple[AccessedBucket, ...] = ()
    auth_type: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    error: StatusError | None = None
    has_status: bool = False

    @property
    def ref(self) -> Ref:
        """This object's reference."""
        return Ref(Kind.ACCESS, self.meta.namespace, self.meta.name)


class BucketClass(Struct, frozen=True, kw_only=True, gc=False):
    """A BucketClass."""

    api: Api
    meta: Meta
    driver: str = ""
    deletion_policy: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> Ref:
        """This object's reference."""
        return Ref(Kind.BUCKET_CLASS, "", self.meta.name)


class AccessClass(Struct, frozen=True, kw_only=True, gc=False):
    """A BucketAccessClass."""

    api: Api
    meta: Meta
    driver: str = ""
    auth_type: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> Ref:
        """This object's reference."""
        return Ref(Kind.ACCESS_CLASS, "", self.meta.name)


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """A Kubernetes Event, core or events.k8s.io. ``count`` is at least 1 and a lower bound of what happened."""

    meta: Meta
    reason: str = ""
    type: str = ""
    message: str = ""
    count: int = 1
    first: datetime | None = None
    last: datetime | None = None
    component: str = ""
    about_kind: str = ""
    about_namespace: str = ""
    about_name: str = ""
    about_uid: str = ""


class Lease(Struct, frozen=True, kw_only=True, gc=False):
    """A coordination Lease; ``duration`` is in seconds."""

    meta: Meta
    holder: str = ""
    renewed: datetime | None = None
    duration: int = 0

    @property
    def holder_pod(self) -> str:
        """The name of the Pod that a holder says it is; it stands in the Lease's namespace.

        A v1alpha1 sidecar writes the Pod's host name, which is its name; a v1alpha2 sidecar adds ``_`` and an ID
        (v0.2.2 internal/runtime/controller.go; controller-runtime's leader election).
        """
        return self.holder.partition("_")[0]


class Container(Struct, frozen=True, kw_only=True, gc=False):
    """One container of a Pod, spec and status together. ``exit_code`` and ``exit_text`` are of its last end.

    ``init``: it stands among the Pod's init containers, as native sidecars do.
    """

    name: str
    image: str = ""
    image_id: str = ""
    args: tuple[str, ...] = ()
    ready: bool = False
    restarts: int = 0
    exit_code: int | None = None
    exit_reason: str = ""
    exit_text: str = ""
    waiting_reason: str = ""
    init: bool = False


class Pod(Struct, frozen=True, kw_only=True, gc=False):
    """A Pod that looks like a COSI controller or sidecar.

    ``owner_kind`` and ``owner_name`` are of what made it, a Deployment where it was a Deployment's ReplicaSet.
    """

    meta: Meta
    node: str = ""
    phase: str = ""
    containers: tuple[Container, ...] = ()
    owner_kind: str = ""
    owner_name: str = ""


CosiObject = Bucket | Claim | Access | BucketClass | AccessClass
Stateful = Bucket | Claim | Access
