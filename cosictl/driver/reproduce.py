"""The request that a sidecar sends for an object in its present state, or why it sends none. Pure.

Sources: v0.2.2 sidecar/pkg/bucket/bucket_controller.go and bucketaccess/bucketaccess_controller.go (image-60 fills
requests the same way); main sidecar/pkg/reconciler/{bucket,bucketaccess}.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cosictl.driver.methods import Call, planned
from cosictl.driver.requests import BucketRequest
from cosictl.driver.types import AccessTerms, GrantRequest, RevokeRequest
from cosictl.model.objects import Access, AccessClass, Bucket, Claim
from cosictl.model.refs import Api, Rpc

# v0.2.2 sidecar/pkg/consts: without it a terminating Bucket is let go without asking the driver.
_BUCKET_FINALIZER = "cosi.objectstorage.k8s.io/bucket-protection"
_KEEPS = "its deletionPolicy is {policy}: nothing is deleted at the driver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a request is filled from besides the object itself; only what was found."""

    claims: Mapping[str, Claim] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    access_class: AccessClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """A request as the sidecar sends it. ``key`` is what drivers log; ``notes`` are what to know about it."""

    rpc: Rpc
    key: str
    call: Call
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """No request, because ``why``."""

    why: str


def repeat(item: Bucket | Access, around: Surroundings) -> Repeated | Idle:
    """Return what a sidecar of the object's version sends for it now."""
    match item:
        case Bucket(api=Api.V1ALPHA1):
            return _bucket_v1(item)
        case Bucket():
            return _bucket_v2(item)
        case Access(api=Api.V1ALPHA1):
            return _access_v1(item, around)
        case Access():
            return _access_v2(item, around)


def _bucket_v1(bucket: Bucket) -> Repeated | Idle:
    if bucket.meta.deleted is not None:
        if _BUCKET_FINALIZER not in bucket.meta.finalizers:
            return Idle("it has no bucket-protection finalizer, without which the sidecar lets it go unasked")
        if bucket.deletion_policy != "Delete":
            return Idle(_KEEPS.format(policy=bucket.deletion_policy or "empty"))
        return _delete(bucket)
    if not bucket.class_name:
        return Idle("it names no BucketClass, and the sidecar refuses it before any call")
    if bucket.ready:
        return Idle("it is ready, and nothing is asked about a ready Bucket")
    if bucket.existing_id:
        return Idle("it has an existingBucketID, which v1alpha1 believes without a call")
    return _create(bucket)


def _bucket_v2(bucket: Bucket) -> Repeated | Idle:
    if bucket.meta.deleted is not None:
        if bucket.deletion_policy != "Delete":
            return Idle(_KEEPS.format(policy=bucket.deletion_policy or "empty"))
        if not bucket.bucket_id:
            return Idle("it has no bucketID, and without one nothing is deleted at the driver")
        return _delete(bucket, "main of March 2026 lets a deleted Bucket go without this call; later main makes it")
    link = bucket.claim
    notes = ("it is ready; the sidecar repeats this call when it restarts",) if bucket.ready else ()
    if bucket.existing_id:
        if link is None or not (link.name and link.namespace):
            return Idle("its bucketClaimRef lacks name or namespace, and the sidecar refuses it before any call")
        request = BucketRequest(key=bucket.existing_id, parameters=bucket.parameters, protocols=bucket.protocols)
        return _repeated(bucket.api, Rpc.GET_EXISTING, bucket.existing_id, request, *notes)
    if link is None or not (link.name and link.namespace and link.uid):
        return Idle("its bucketClaimRef is not complete, and the sidecar refuses it before any call")
    return _create(bucket, *notes)


def _create(bucket: Bucket, *notes: str) -> Repeated:
    request = BucketRequest(key=bucket.meta.name, parameters=bucket.parameters, protocols=bucket.protocols)
    return _repeated(bucket.api, Rpc.CREATE, bucket.meta.name, request, *notes)


def _delete(bucket: Bucket, *notes: str) -> Repeated:
    request = BucketRequest(key=bucket.bucket_id, parameters=bucket.parameters)
    return _repeated(bucket.api, Rpc.DELETE, bucket.bucket_id, request, *notes)


def _access_v1(access: Access, around: Surroundings) -> Repeated | Idle:
    name = next(iter(access.claim_names), "")
    claim = around.claims.get(name)
    if access.meta.deleted is not None:
        return _revoke_v1(access, name, claim, around)
    if access.ready and access.account_id:
        return Idle("it is granted, and nothing is asked about a granted access")
    if not access.secret_names:
        return Idle("it names no Secret, and the sidecar refuses it before any call")
    access_class = around.access_class
    if access_class is None:
        return Idle(f"its BucketAccessClass {access.class_name} was not found, and the sidecar fails before any call")
    if claim is None:
        return Idle(f"its claim {name} was not found, and the sidecar fails before any call")
    if not (claim.ready and claim.bucket_name):
        return Idle(f"its claim {name} is not ready, and the sidecar waits for that")
    if access_class.auth_type == "IAM" and not access.service_account:
        return Idle("IAM needs a serviceAccountName, and the sidecar refuses it before any call")
    bucket = around.buckets.get(claim.bucket_name)
    if bucket is None:
        return Idle(f"its Bucket {claim.bucket_name} was not found, and the sidecar fails before any call")
    if not (bucket.ready and bucket.bucket_id):
        return Idle(f"its Bucket {claim.bucket_name} is not ready, and the sidecar waits for that")
    terms = AccessTerms(authentication=access_class.auth_type, parameters=access_class.parameters)
    account = f"ba-{access.meta.uid}"
    request = GrantRequest(account_name=account, buckets={bucket.bucket_id: ""}, terms=terms)
    return _repeated(access.api, Rpc.GRANT, account, request)


def _revoke_v1(access: Access, name: str, claim: Claim | None, around: Surroundings) -> Repeated | Idle:
    if claim is None:
        return Idle(f"its claim {name} was not found, and the sidecar fails before it revokes")
    bucket = around.buckets.get(claim.bucket_name)
    if bucket is None:
        return Idle(f"the Bucket of its claim {name} was not found, and the sidecar fails before it revokes")
    request = RevokeRequest(account_id=access.account_id, buckets=(bucket.bucket_id,))
    return _repeated(access.api, Rpc.REVOKE, access.account_id, request)


def _access_v2(access: Access, around: Surroundings) -> Repeated | Idle:
    terms = AccessTerms(
        protocol=access.protocol,
        authentication=access.auth_type,
        service_account=access.service_account,
        parameters=access.parameters,
    )
    if access.meta.deleted is not None:
        if not access.account_id:
            return Idle("it has no accountID, and without one nothing is revoked")
        request = RevokeRequest(
            account_id=access.account_id, buckets=tuple(entry.bucket_id for entry in access.accessed), terms=terms
        )
        note = "main of March 2026 makes this call only after a restart: a deletion does not wake it (COSI416)"
        return _repeated(access.api, Rpc.REVOKE, access.account_id, request, note)
    if not (access.accessed and access.driver):
        return Idle("the controller has not handed it to a sidecar yet: its status names no Buckets")
    for entry in access.accessed:
        bucket = around.buckets.get(entry.name)
        if bucket is None or bucket.meta.deleted is not None or bucket.bucket_id != entry.bucket_id:
            what = "was not found" if bucket is None else "is being deleted or has another bucketID"
            return Idle(f"its Bucket {entry.name} {what}, and the sidecar refuses it before any call")
    account = f"ba-{access.meta.uid}"
    modes = {entry.bucket_id: access.modes.get(entry.claim_name, "") for entry in access.accessed}
    notes = ("it is granted; the sidecar repeats this call when it restarts",) if access.ready else ()
    return _repeated(
        access.api, Rpc.GRANT, account, GrantRequest(account_name=account, buckets=modes, terms=terms), *notes
    )


def _repeated(api: Api, rpc: Rpc, key: str, request: object, *notes: str) -> Repeated:
    return Repeated(rpc=rpc, key=key, call=planned(api, rpc.value, request), notes=notes)
