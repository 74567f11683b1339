"""``objectstorage.k8s.io/v1alpha2``: wire structs and their conversion.

Fields: main@ee00c26 client/apis/objectstorage/v1alpha2/{bucket,bucketclaim,bucketaccess,bucketclass,
bucketaccessclass}_types.go.
"""

from sys import intern

import msgspec

from cosictl.intake.wire import (
    ObjectWire,
    ReferenceWire,
    StatusErrorWire,
    Wire,
    claim_link,
    meta,
    status_error,
    text_map,
    words,
)
from cosictl.model.objects import Access, AccessClass, AccessedBucket, Bucket, BucketClass, Claim
from cosictl.model.refs import Api

_API = Api.V1ALPHA2


class BucketSpec(Wire):
    """``spec`` of a Bucket."""

    driver_name: str = ""
    deletion_policy: str = ""
    parameters: dict[str, str] | None = None
    protocols: list[str] | None = None
    bucket_claim_ref: ReferenceWire | None = None
    existing_bucket_id: str = msgspec.field(default="", name="existingBucketID")


class BucketStatus(Wire):
    """``status`` of a Bucket."""

    ready_to_use: bool | None = None
    bucket_id: str = msgspec.field(default="", name="bucketID")
    error: StatusErrorWire | None = None


class BucketWire(ObjectWire):
    """A Bucket."""

    spec: BucketSpec = msgspec.field(default_factory=BucketSpec)
    status: BucketStatus | None = None


class ClaimSpec(Wire):
    """``spec`` of a BucketClaim."""

    bucket_class_name: str = ""
    protocols: list[str] | None = None
    existing_bucket_name: str = ""


class ClaimStatus(Wire):
    """``status`` of a BucketClaim."""

    ready_to_use: bool | None = None
    bound_bucket_name: str = ""
    error: StatusErrorWire | None = None


class ClaimWire(ObjectWire):
    """A BucketClaim."""

    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)
    status: ClaimStatus | None = None


class ClaimAccess(Wire):
    """One entry of ``spec.bucketClaims`` of a BucketAccess."""

    bucket_claim_name: str = ""
    access_mode: str = ""
    access_secret_name: str = ""


class AccessSpec(Wire):
    """``spec`` of a BucketAccess."""

    bucket_claims: list[ClaimAccess] | None = None
    bucket_access_class_name: str = ""
    protocol: str = ""
    service_account_name: str = ""


class AccessedWire(Wire):
    """One entry of ``status.accessedBuckets`` of a BucketAccess."""

    bucket_name: str = ""
    bucket_id: str = msgspec.field(default="", name="bucketID")
    bucket_claim_name: str = ""


class AccessStatus(Wire):
    """``status`` of a BucketAccess."""

    ready_to_use: bool | None = None
    account_id: str = msgspec.field(default="", name="accountID")
    accessed_buckets: list[AccessedWire] | None = None
    driver_name: str = ""
    authentication_type: str = ""
    parameters: dict[str, str] | None = None
    error: StatusErrorWire | None = None


class AccessWire(ObjectWire):
    """A BucketAccess."""

    spec: AccessSpec = msgspec.field(default_factory=AccessSpec)
    status: AccessStatus | None = None


class BucketClassSpec(Wire):
    """``spec`` of a BucketClass."""

    driver_name: str = ""
    deletion_policy: str = ""
    parameters: dict[str, str] | None = None


class BucketClassWire(ObjectWire):
    """A BucketClass."""

    spec: BucketClassSpec = msgspec.field(default_factory=BucketClassSpec)


class AccessClassSpec(Wire):
    """``spec`` of a BucketAccessClass."""

    driver_name: str = ""
    authentication_type: str = ""
    parameters: dict[str, str] | None = None


class AccessClassWire(ObjectWire):
    """A BucketAccessClass."""

    spec: AccessClassSpec = msgspec.field(default_factory=AccessClassSpec)


def bucket(wire: BucketWire) -> Bucket:
    """Convert a Bucket; v1alpha2 Buckets name no class."""
    spec, status = wire.spec, wire.status or BucketStatus()
    return Bucket(
        api=_API,
        meta=meta(wire.metadata),
        driver=intern(spec.driver_name),
        deletion_policy=intern(spec.deletion_policy),
        parameters=text_map(spec.parameters),
        protocols=words(spec.protocols),
        claim=claim_link(spec.bucket_claim_ref),
        existing_id=spec.existing_bucket_id,
        ready=status.ready_to_use,
        bucket_id=status.bucket_id,
        error=status_error(status.error),
        has_status=wire.status is not None,
    )


def claim(wire: ClaimWire) -> Claim:
    """Convert a BucketClaim."""
    spec, status = wire.spec, wire.status or ClaimStatus()
    return Claim(
        api=_API,
        meta=meta(wire.metadata),
        class_name=intern(spec.bucket_class_name),
        existing_bucket=spec.existing_bucket_name,
        protocols=words(spec.protocols),
        ready=status.ready_to_use,
        bucket_name=status.bound_bucket_name,
        error=status_error(status.error),
        has_status=wire.status is not None,
    )


def access(wire: AccessWire) -> Access:
    """Convert a BucketAccess."""
    spec, status = wire.spec, wire.status or AccessStatus()
    claims = spec.bucket_claims or []
    return Access(
        api=_API,
        meta=meta(wire.metadata),
        claim_names=tuple(entry.bucket_claim_name for entry in claims if entry.bucket_claim_name),
        class_name=intern(spec.bucket_access_class_name),
        secret_names=tuple(entry.access_secret_name for entry in claims if entry.access_secret_name),
        protocol=intern(spec.protocol),
        service_account=spec.service_account_name,
        ready=status.ready_to_use,
        account_id=status.account_id,
        driver=intern(status.driver_name),
        modes={entry.bucket_claim_name: intern(entry.access_mode) for entry in claims if entry.access_mode},
        accessed=tuple(_accessed(entry) for entry in status.accessed_buckets or [] if entry.bucket_name),
        auth_type=intern(status.authentication_type),
        parameters=text_map(status.parameters),
        error=status_error(status.error),
        has_status=wire.status is not None,
    )


def _accessed(wire: AccessedWire) -> AccessedBucket:
    return AccessedBucket(name=wire.bucket_name, bucket_id=wire.bucket_id, claim_name=wire.bucket_claim_name)


def bucket_class(wire: BucketClassWire) -> BucketClass:
    """Convert a BucketClass."""
    spec = wire.spec
    return BucketClass(
        api=_API,
        meta=meta(wire.metadata),
        driver=intern(spec.driver_name),
        deletion_policy=intern(spec.deletion_policy),
        parameters=text_map(spec.parameters),
    )


def access_class(wire: AccessClassWire) -> AccessClass:
    """Convert a BucketAccessClass."""
    spec = wire.spec
    return AccessClass(
        api=_API,
        meta=meta(wire.metadata),
        driver=intern(spec.driver_name),
        auth_type=intern(spec.authentication_type),
        parameters=text_map(spec.parameters),
    )
