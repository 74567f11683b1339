"""COSI's finalizers: who adds and removes each, and what is left behind when a person removes it."""

from collections.abc import Mapping

from msgspec import Struct

from cosictl.model.refs import Api

_GROUP = "cosi.objectstorage.k8s.io"
BUCKET_PROTECTION = f"{_GROUP}/bucket-protection"
BUCKET_ACCESS_BUCKET_PROTECTION = f"{_GROUP}/bucketaccess-bucket-protection"
CLAIM_PROTECTION = f"{_GROUP}/bucketclaim-protection"
ACCESS_PROTECTION = f"{_GROUP}/bucketaccess-protection"
SECRET_PROTECTION = f"{_GROUP}/secret-protection"
PROTECTION = "objectstorage.k8s.io/protection"


class Finalizer(Struct, frozen=True, kw_only=True):
    """One finalizer on one kind of object (``kind`` may be ``Secret``, which is no COSI kind).

    ``leaks`` is what stays behind, in the backend or in the cluster, when a person removes it.
    """

    name: str
    kind: str
    api: Api
    added: str
    removed: str
    leaks: str
    source: str


_ALPHA2_ADDED = "in the first reconcile, before any call to the driver"
_ALPHA2_REMOVED = "main of March 2026: removed without cleaning anything up; later main: after the cleaning"
_ALPHA2_SOURCE = (
    "main ee00c269 sidecar/pkg/reconciler/bucket.go:141-149, controller/pkg/reconciler/bucketclaim.go:142-150"
)

ROWS = (
    Finalizer(
        name=BUCKET_PROTECTION,
        kind="Bucket",
        api=Api.V1ALPHA1,
        added="by the sidecar, after a successful create: where it stands, create has succeeded once; where it is "
        "absent a backend bucket may still exist, because a later step failed",
        removed="by the sidecar after the driver deleted the bucket, and by any other driver's sidecar as well",
        leaks="The backend bucket and its data, if the policy is Delete and the driver's delete did not succeed. The "
        "claim is then freed by the sidecar.",
        source="v0.2.2 bucket_controller.go:177,264",
    ),
    Finalizer(
        name=BUCKET_ACCESS_BUCKET_PROTECTION,
        kind="Bucket",
        api=Api.V1ALPHA1,
        added="by the sidecar, when it grants the first access",
        removed="by the sidecar when the Bucket is deleted; never when the last access goes",
        leaks="Nothing by itself, but accesses then point at a missing Bucket and can no longer be revoked.",
        source="v0.2.2 bucketaccess_controller.go:277, bucket_controller.go:257",
    ),
    Finalizer(
        name=CLAIM_PROTECTION,
        kind="BucketClaim",
        api=Api.V1ALPHA1,
        added="by the controller, as its last step",
        removed="by the sidecar only, at the end of the Bucket's deletion; the controller never removes it",
        leaks="Nothing, if the Bucket is gone and the driver deleted it. If the claim was deleted while its first "
        "create was on the way (COSI307), the backend bucket.",
        source="v0.2.2 bucketclaim.go:269, bucket_controller.go:299,364",
    ),
    Finalizer(
        name=ACCESS_PROTECTION,
        kind="BucketAccess",
        api=Api.V1ALPHA1,
        added="by the sidecar, after the grant and the Secret",
        removed="by the sidecar, after the revoke and the deletion of the Secret",
        leaks="Live credentials at the backend, unless the revoke has succeeded. That is sure only when the Secret "
        "step is the one that failed (COSI412, COSI413) and one sidecar runs in the cluster.",
        source="v0.2.2 bucketaccess_controller.go:289,399",
    ),
    Finalizer(
        name=SECRET_PROTECTION,
        kind="Secret",
        api=Api.V1ALPHA1,
        added="by the sidecar, when it writes the Secret",
        removed="by the sidecar, after the revoke",
        leaks="The bytes of the Secret vanish; the credentials in it stay valid.",
        source="v0.2.2 bucketaccess_controller.go:378",
    ),
    Finalizer(
        name=PROTECTION,
        kind="Bucket",
        api=Api.V1ALPHA2,
        added=_ALPHA2_ADDED,
        removed=_ALPHA2_REMOVED,
        leaks="The backend bucket and its data.",
        source=_ALPHA2_SOURCE,
    ),
    Finalizer(
        name=PROTECTION,
        kind="BucketClaim",
        api=Api.V1ALPHA2,
        added=_ALPHA2_ADDED,
        removed=_ALPHA2_REMOVED,
        leaks="Nothing if the Bucket is gone and the driver deleted it; else a Bucket that belongs to nobody.",
        source=_ALPHA2_SOURCE,
    ),
    Finalizer(
        name=PROTECTION,
        kind="BucketAccess",
        api=Api.V1ALPHA2,
        added=_ALPHA2_ADDED,
        removed=_ALPHA2_REMOVED,
        leaks="Live credentials at the backend, unless the revoke has succeeded.",
        source=_ALPHA2_SOURCE,
    ),
    Finalizer(
        name=PROTECTION,
        kind="Secret",
        api=Api.V1ALPHA2,
        added=_ALPHA2_ADDED,
        removed=_ALPHA2_REMOVED,
        leaks="The bytes of the Secret vanish; the credentials in it stay valid.",
        source=_ALPHA2_SOURCE,
    ),
)

FINALIZERS: Mapping[tuple[str, str], Finalizer] = {(row.name, row.kind): row for row in ROWS}
